import { describe, expect, it } from 'vitest';
import { PhoenixError } from '../../src/errors.ts';
import { parseEngineLine } from '../../src/layer/events.ts';
import { createObserver } from '../../src/layer/observe.ts';
import { type Ground, whyNotPlanned } from '../../src/rebirth/not-planned.ts';

const at = { '@timestamp': '2026-01-01T00:00:00Z', '@message': 'text with canary' };
const line = (event: Readonly<Record<string, unknown>>) =>
  parseEngineLine(JSON.stringify({ ...at, ...event }));
const planned = (addr: string, action: string, more: Readonly<Record<string, unknown>> = {}) =>
  line({ type: 'planned_change', change: { resource: { addr }, action, ...more } });
const summary = line({
  type: 'change_summary',
  changes: { add: 2, change: 1, import: 1, remove: 1, operation: 'plan' },
});

describe('what a plan proposes', () => {
  it('is read from events: addresses and actions, moves and imports, and outputs that would be others', () => {
    const { event, seen } = createObserver();
    event(planned('a.new', 'create'));
    event(planned('a.again', 'replace'));
    event(planned('a.moved', 'move', { previous_resource: { addr: 'a.before' } }));
    event(planned('a.taken', 'noop', { importing: { id: 'secret-id' } }));
    event(planned('data.a.later', 'read'));
    event(planned('a.same', 'noop'));
    event(summary);
    event(
      line({
        type: 'outputs',
        outputs: { kept: { action: 'noop' }, other: { action: 'update', value: 'canary' } },
      }),
    );
    expect(seen.proposal).toEqual({
      ...{ add: 2, change: 1, remove: 1, import: 1, move: 1, outputs: ['other'] },
      changes: [
        { address: 'a.new', action: 'create' },
        { address: 'a.again', action: 'replace' },
        { address: 'a.moved', action: 'move' },
        { address: 'a.taken', action: 'import' },
      ],
    });
    expect(JSON.stringify(seen)).not.toMatch(/canary|secret-id/);
  });

  it('is none where the engine stopped before its summary, and bounded where there is no end of changes', () => {
    const { event, seen } = createObserver();
    for (let number = 0; number < 5_000; number += 1) event(planned(`a.b[${number}]`, 'create'));
    expect(seen.proposal).toBeUndefined();
    event(summary);
    expect(seen.proposal?.changes).toHaveLength(2_000);
  });
});

describe('a layer whose plan failed', () => {
  const failed = (said: string, code = 'PHX-LAYER-FAILED') => ({
    said,
    error: new PhoenixError({ code, class: 'layer', what: 'It failed.', why: said, next: 'Mend it.' }),
  });
  const ground = (more: Partial<Ground> = {}): Ground => ({
    withoutSecrets: false,
    neverApplied: [],
    unplanned: [],
    nameOf: (file) => (file === '/live/a/terragrunt.hcl' ? 'a' : file),
    ...more,
  });
  const empty =
    '/live/a/terragrunt.hcl is a dependency of /live/b/terragrunt.hcl but detected no outputs. Either …';
  const unauthorized = failed('Error 401 Unauthorized', 'PHX-LAYER-REFUSED');

  it('was not planned where a layer below has no outputs, or could not be planned itself', () => {
    expect(whyNotPlanned(failed(empty, 'PHX-LAYER-DEPENDENCY'), ground())).toEqual({
      why: 'a was never applied',
      check: 'no',
    });
    const unread = failed('There is no variable named "dependency".', 'PHX-LAYER-DEPENDENCY');
    expect(whyNotPlanned(unread, ground({ unplanned: ['a'] }))?.why).toBe('the outputs of a cannot be read');
    expect(whyNotPlanned(unread, ground())).toBeUndefined();
  });

  it('wants credentials as a plain fact only where the run was given none', () => {
    const messages = [
      unauthorized,
      failed('No valid credential sources found. Please see …'),
      failed('invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER'),
      failed('Get "http://localhost/api": dial tcp [::1]:80: connect: connection refused'),
      failed('auth_token must be set: missing authentication token'),
    ];
    for (const message of messages) {
      expect(whyNotPlanned(message, ground({ withoutSecrets: true }))?.why).toMatch(/^needs credentials/);
      expect(whyNotPlanned(message, ground()), message.said).toBeUndefined();
    }
    expect(whyNotPlanned(failed('Unsupported argument'), ground({ withoutSecrets: true }))).toBeUndefined();
  });

  it('is only excused by a layer below that was never applied where its configuration is found valid', () => {
    const reason = whyNotPlanned(failed('connection refused'), ground({ neverApplied: ['platform'] }));
    expect(reason).toEqual({ why: 'platform was never applied: connection refused', check: 'must' });
  });
});
