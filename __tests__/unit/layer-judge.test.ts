import { describe, expect, it } from 'vitest';
import { PhoenixError } from '../../src/errors.ts';
import { type EngineEvent, parseEngineLine, shownText } from '../../src/layer/events.ts';
import { type Evidence, judge } from '../../src/layer/judge.ts';
import { createObserver } from '../../src/layer/observe.ts';
import { contradictions, type LayerState } from '../../src/layer/state.ts';

const time = '2026-01-01T00:00:00.000Z';
const line = (type: string, more: object) =>
  JSON.stringify({ type, '@timestamp': time, '@message': type, ...more });
const event = (type: string, more: object): EngineEvent => parseEngineLine(line(type, more));
const completed = (addr: string, action: string) =>
  event('apply_complete', { hook: { resource: { addr }, action } });
const summary = (add: number, operation = 'apply') =>
  event('change_summary', { changes: { add, change: 0, remove: 0, import: 0, operation } });

function state(addresses: readonly string[], tainted: readonly string[] = []): LayerState {
  return { serial: 1, addresses: new Set(addresses), tainted: new Set(tainted), outputs: new Map() };
}

function evidence(events: readonly EngineEvent[], more: Partial<Evidence> = {}): Evidence {
  const observer = createObserver();
  for (const each of events) observer.event(each);
  return {
    layer: 'platform',
    exit: { code: 0, signal: null },
    report: { Name: 'platform', Result: 'succeeded' },
    seen: observer.seen,
    state: state(['terraform_data.a']),
    ...more,
  };
}

const good = [completed('terraform_data.a', 'create'), summary(1)];
const code = (verdict: ReturnType<typeof judge>) =>
  verdict instanceof PhoenixError ? verdict.code : verdict;

describe('the verdict on a layer', () => {
  it('is applied or unchanged only where exit, report, summary and state agree', () => {
    expect(judge(evidence(good))).toBe('applied');
    expect(judge(evidence([summary(0)]))).toBe('unchanged');
  });

  it.each<[string, Partial<Evidence>]>([
    ['the exit code is not 0', { exit: { code: 1, signal: null } }],
    [
      'the report says failed, as after an interrupt that exits 0',
      { report: { Name: 'platform', Result: 'failed' } },
    ],
    ['the report says early exit', { report: { Name: 'platform', Result: 'early exit' } }],
    ['there is no report, as after a kill', { report: undefined }],
  ])('is a failure where %s', (_, more) => {
    expect(code(judge(evidence(good, more)))).toBe('PHX-LAYER-FAILED');
  });

  it('is a failure where the engine never gave its closing summary, even if the plan had one', () => {
    expect(code(judge(evidence([completed('terraform_data.a', 'create'), summary(1, 'plan')])))).toBe(
      'PHX-LAYER-FAILED',
    );
  });

  it('is a failure where the state was not read, lacks what was applied, or holds it as tainted', () => {
    for (const read of [undefined, state([]), state(['terraform_data.a'], ['terraform_data.a'])]) {
      expect(code(judge(evidence(good, { state: read })))).toBe('PHX-LAYER-STATE-DIFFERS');
    }
  });

  it('names the signal of a layer that was killed, and the holder of a lock', () => {
    const killed = judge(evidence([], { exit: { code: null, signal: 'SIGKILL' }, report: undefined }));
    expect(code(killed)).toBe('PHX-LAYER-KILLED');
    expect((killed as PhoenixError).what).toContain('signal SIGKILL (137)');
    const locked = event('diagnostic', {
      diagnostic: {
        severity: 'error',
        summary: 'Error acquiring the state lock',
        detail: 'Who: somebody@host',
      },
    });
    const verdict = judge(evidence([locked], { exit: { code: 1, signal: null } }));
    expect(code(verdict)).toBe('PHX-LAYER-LOCKED');
    expect((verdict as PhoenixError).why).toContain('somebody@host');
  });

  it('tells the first diagnostic, where it stands, and how many more there are', () => {
    const diagnostic = (summary: string) =>
      event('diagnostic', {
        diagnostic: {
          severity: 'error',
          summary,
          detail: 'the detail',
          address: 'x.y',
          range: { filename: 'main.tf', start: { line: 7, column: 1 } },
        },
      });
    const verdict = judge(
      evidence([diagnostic('first'), diagnostic('second')], { exit: { code: 1, signal: null } }),
    );
    expect((verdict as PhoenixError).what).toContain('x.y: first (and 1 more errors)');
    expect((verdict as PhoenixError).why).toContain('[main.tf:7]');
  });
});

describe('what the state contradicts', () => {
  it('is nothing for what was destroyed and is gone, and something for what stayed', () => {
    expect(contradictions(new Map([['a.b', 'absent']]), state([]))).toEqual([]);
    expect(contradictions(new Map([['a.b', 'absent']]), state(['a.b']))).toHaveLength(1);
  });

  it('lets the last word on an address count, as in a replacement', () => {
    const observer = createObserver();
    for (const action of ['delete', 'create']) observer.event(completed('a.b[0]', action));
    expect(observer.seen.claimed.get('a.b[0]')).toBe('present');
  });
});

describe("the engine's lines", () => {
  it('that are no JSON, or of a kind not known, are kept and break nothing', () => {
    for (const text of [
      'panic: runtime error',
      '{broken',
      '{"type":"resource_drift","@message":"m"}',
      '{}',
      '[]',
      '',
    ]) {
      expect(parseEngineLine(text).type).toBe('other');
    }
  });

  it('are shown where they tell people something, and not where they only echo a command', () => {
    const output = (text: string) =>
      event('provision_progress', { hook: { resource: { addr: 'a.b' }, output: text } });
    expect(shownText(output('hello'))).toBe('  hello');
    expect(shownText(output('Executing: ["/bin/sh"]'))).toBeUndefined();
    expect(shownText(event('version', {}))).toBeUndefined();
  });

  it('keep only the last forty for a failure, however many come', () => {
    const observer = createObserver();
    for (let index = 0; index < 1000; index += 1) observer.line(String(index));
    expect(observer.seen.tail).toHaveLength(40);
    expect(observer.seen.tail.at(-1)).toBe('999');
  });
});
