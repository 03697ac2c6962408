import { describe, expect, test } from 'vitest';
import { PhoenixError } from '../../src/errors.ts';
import { type Evidence, judge } from '../../src/layer/judge.ts';

const changes = { add: 1, change: 0, remove: 0 };
const good: Evidence = {
  layer: 'platform',
  exit: { code: 0, signal: null },
  report: { Name: 'platform', Result: 'succeeded' },
  seen: {
    errors: [],
    claimed: new Map([['terraform_data.a', 'present']]),
    changes,
    engineStarted: 1,
    planned: 2,
    summarised: 3,
    tail: [],
  },
  state: { serial: 1, addresses: new Set(['terraform_data.a']), tainted: new Set(), outputs: new Map() },
};
const failed = { exit: { code: 1, signal: null }, report: { Name: 'platform', Result: 'failed' } } as const;

function refusal(change: Partial<Evidence>): PhoenixError {
  const verdict = judge({ ...good, ...change });
  if (verdict instanceof PhoenixError) return verdict;
  throw new Error(`judged ${verdict}`);
}

const seen = (change: Partial<Evidence['seen']>) => ({ seen: { ...good.seen, ...change } });

describe('a layer is done', () => {
  test('where exit code, report, summary and state all say so', () => {
    expect(judge(good)).toBe('applied');
  });

  test('and unchanged where nothing was added, changed or removed', () => {
    const none = { add: 0, change: 0, remove: 0 };
    expect(judge({ ...good, ...seen({ changes: none, claimed: new Map() }) })).toBe('unchanged');
    expect(judge({ ...good, ...seen({ changes: { ...none, remove: 1 }, claimed: new Map() }) })).toBe(
      'applied',
    );
  });
});

describe('a layer has failed where one witness alone', () => {
  test.each<[string, Partial<Evidence>]>([
    ['is the exit code', { exit: { code: 1, signal: null } }],
    ['is a signal', { exit: { code: null, signal: 'SIGTERM' } }],
    ['is the report', { report: { Name: 'platform', Result: 'early exit' } }],
    ['is a report that was never written', { report: undefined }],
    ['is a closing summary that never came', seen({ changes: undefined })],
    ['is a state that was not read back', { state: undefined }],
  ])('%s', (_, change) => {
    expect(refusal(change)).toMatchObject({ class: 'layer', exitCode: 7 });
  });

  test('is the state, which says what it lacks', () => {
    const state = { serial: 1, addresses: new Set<string>(), tainted: new Set<string>(), outputs: new Map() };
    expect(refusal({ state })).toMatchObject({
      code: 'PHX-LAYER-STATE-DIFFERS',
      why: 'terraform_data.a was applied but is not in the state',
      next: expect.stringContaining('--from platform'),
    });
  });
});

describe('the explanation of a failure', () => {
  test('is the first error of the engine, with its address and its place, on one line, and how many more', () => {
    const errors = [
      {
        severity: 'error',
        summary: 'Provisioning failed',
        detail: 'No\n  route to host',
        address: 'terraform_data.vm',
        range: { filename: 'main.tf', start: { line: 7, column: 3 } },
      },
      { severity: 'error', summary: 'Another', detail: '' },
    ] as const;
    expect(refusal({ ...failed, ...seen({ errors }) })).toMatchObject({
      code: 'PHX-LAYER-FAILED',
      what: 'Layer platform failed: terraform_data.vm: Provisioning failed (and 1 more errors)',
      why: 'No route to host [main.tf:7]',
    });
  });

  test('is the holder of the lock, where the state is locked', () => {
    const lock = {
      severity: 'error',
      summary: 'Error acquiring the state lock',
      detail: 'Who: ann@host',
    } as const;
    expect(refusal({ ...failed, ...seen({ errors: [lock] }) })).toMatchObject({
      code: 'PHX-LAYER-LOCKED',
      why: 'Who: ann@host',
      next: expect.stringContaining('force-unlock'),
    });
  });

  test('is the signal that ended it, and for SIGKILL that memory may have run out', () => {
    const killed = refusal({ exit: { code: null, signal: 'SIGKILL' }, report: undefined });
    expect(killed).toMatchObject({
      code: 'PHX-LAYER-KILLED',
      what: 'Layer platform was ended by signal SIGKILL (137).',
      why: expect.stringContaining('memory'),
    });
  });

  test("is Terragrunt's cause where the engine said nothing, else the last words, and never nothing", () => {
    const cause = { Name: 'platform', Result: 'failed', Cause: 'no such module' } as const;
    expect(refusal({ ...failed, report: cause }).why).toBe('no such module');
    const tail = ['one', 'two', 'three', 'four'];
    expect(refusal({ ...failed, ...seen({ tail }) }).why).toBe('two / three / four');
    expect(refusal(failed).why).toBe('It said nothing.');
    expect(refusal({ exit: { code: 1, signal: null }, report: undefined }).what).toContain(
      'it wrote no report',
    );
  });

  test('is kept short', () => {
    const detail = 'word '.repeat(5000);
    const errors = [{ severity: 'error', summary: 'Long', detail }] as const;
    expect(refusal({ ...failed, ...seen({ errors }) }).why.length).toBeLessThan(700);
  });
});
