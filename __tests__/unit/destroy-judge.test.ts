import { describe, expect, test } from 'vitest';
import { PhoenixError } from '../../src/errors.ts';
import { type Evidence, judge } from '../../src/layer/judge.ts';

const removed = { add: 0, change: 0, remove: 1 };
const none = { add: 0, change: 0, remove: 0 };
const state = (...addresses: string[]): NonNullable<Evidence['state']> => ({
  serial: 2,
  addresses: new Set(addresses),
  tainted: new Set(),
  outputs: new Map(),
  sensitive: new Map(),
});
const good: Evidence = {
  layer: 'engine',
  operation: 'destroy',
  unit: '/live/engine',
  engineDir: '/live/engine/.terragrunt-cache/a/b',
  ending: 'exited',
  exit: { code: 0, signal: null },
  report: { Name: 'engine', Result: 'succeeded' },
  seen: {
    slowest: [],
    errors: [],
    claimed: new Map([['terraform_data.a', 'absent']]),
    begun: new Map(),
    completed: new Set(['terraform_data.a']),
    finished: 1,
    toDo: 1,
    changes: removed,
    mocked: [],
    engineStarted: 1,
    planned: 2,
    summarised: 3,
    lastLife: 3,
    tail: [],
  },
  lossy: false,
  state: state(),
  settings: { timeoutSeconds: 900, stallSeconds: 300 },
};
const seen = (change: Partial<Evidence['seen']>) => ({ seen: { ...good.seen, ...change } });

function refusal(change: Partial<Evidence>): PhoenixError {
  const verdict = judge({ ...good, ...change });
  if (verdict instanceof PhoenixError) return verdict;
  throw new Error(`judged ${verdict}`);
}

describe('a layer is destroyed', () => {
  test('where exit code, report, summary and an empty state all say so; absent where there was nothing', () => {
    expect(judge(good)).toBe('destroyed');
    expect(judge({ ...good, ...seen({ changes: none, claimed: new Map() }) })).toBe('absent');
  });

  test('never while its state holds anything, whatever the engine said of it', () => {
    const left = refusal({ state: state('terraform_data.a', 'terraform_data.forgotten') });
    expect(left).toMatchObject({ code: 'PHX-LAYER-STATE-DIFFERS', exitCode: 7 });
    expect(left.why).toBe(
      'terraform_data.a was destroyed but is still in the state, terraform_data.forgotten is still in the state',
    );
    expect(left.next).toContain('run `destroy` again');
    expect(refusal({ state: undefined }).why).toBe('the state was not read back');
    expect(
      refusal({ ...seen({ changes: none, claimed: new Map() }), state: state('terraform_data.a') }).code,
    ).toBe('PHX-LAYER-STATE-DIFFERS');
  });

  test('with made-up outputs is a failure where anything was destroyed by them, and none where nothing was', () => {
    const mocked = ['/live/platform/terragrunt.hcl'];
    expect(refusal(seen({ mocked }))).toMatchObject({
      code: 'PHX-LAYER-MOCKED',
      what: 'Layer engine was destroyed with outputs that are made up.',
    });
    expect(judge({ ...good, ...seen({ mocked, changes: none, claimed: new Map() }) })).toBe('absent');
    const refused = refusal({
      exit: { code: 1, signal: null },
      report: { Name: 'engine', Result: 'failed' },
      ...seen({ mocked, changes: undefined, claimed: new Map(), toDo: undefined }),
    });
    expect(refused).toMatchObject({
      code: 'PHX-LAYER-MOCKED',
      what: 'Layer engine was not destroyed, for the outputs that it depends on would be made up.',
    });
  });

  test('also where it was cancelled after its engine had finished, as Terragrunt reports that of a destroy', () => {
    const Cause =
      'error occurred:\n\n* Failed to execute "/tools/tofu destroy -json -auto-approve -input=false" in ./.terragrunt-cache/x/y\n  \n  context canceled\n';
    const cut = {
      ending: 'cancelled' as const,
      exit: { code: 1, signal: null },
      report: { Name: 'engine', Result: 'failed' as const, Cause },
    };
    expect(judge({ ...good, ...cut })).toBe('destroyed');
    const half = refusal({
      ...cut,
      state: state('terraform_data.b'),
      ...seen({ changes: undefined, toDo: 2, begun: new Map([['terraform_data.b', 'delete']]) }),
    });
    expect(half.why).toContain(
      'Done: terraform_data.a. Begun and not finished: terraform_data.b (delete; still in the state)',
    );
    expect(half.next).toBe('Run `destroy` again: it goes on with what still stands.');
  });

  test.each([
    ['exited', { code: 1, signal: null }],
    ['exited', { code: null, signal: 'SIGKILL' }],
    ['timed-out', { code: 1, signal: null }],
    ['stalled', { code: 1, signal: null }],
    ['orphaned', { code: null, signal: null }],
  ] as const)('a failure (%s, %o) never speaks of --from', (ending, exit) => {
    const errors = [{ severity: 'error' as const, summary: 'dial tcp: connection refused', detail: '' }];
    for (const told of [[], errors]) {
      const error = refusal({
        ending,
        exit,
        report: { Name: 'engine', Result: 'failed' },
        ...seen({ changes: undefined, errors: told }),
      });
      expect(error.next).not.toContain('--from');
      expect(error.next).toMatch(/`?destroy`? again/i);
    }
  });
});
