import { describe, expect, test } from 'vitest';
import { PhoenixError } from '../../src/errors.ts';
import { decidingError, type Evidence, judge, remark } from '../../src/layer/judge.ts';

const changes = { add: 1, change: 0, remove: 0 };
const state = {
  serial: 1,
  addresses: new Set(['terraform_data.a']),
  tainted: new Set<string>(),
  outputs: new Map(),
  sensitive: new Map(),
};
const emptyState = { ...state, addresses: new Set<string>() };
const good: Evidence = {
  layer: 'platform',
  unit: '/live/platform',
  engineDir: '/live/platform/.terragrunt-cache/a/b',
  ending: 'exited',
  exit: { code: 0, signal: null },
  report: { Name: 'platform', Result: 'succeeded' },
  seen: {
    slowest: [],
    errors: [],
    claimed: new Map([['terraform_data.a', 'present']]),
    begun: new Map(),
    completed: new Set(['terraform_data.a']),
    finished: 1,
    toDo: 1,
    changes,
    mocked: [],
    engineStarted: 1,
    planned: 2,
    summarised: 3,
    lastLife: 3,
    tail: [],
  },
  lossy: false,
  state,
  settings: { timeoutSeconds: 900, stallSeconds: 300 },
};
const failed = { exit: { code: 1, signal: null }, report: { Name: 'platform', Result: 'failed' } } as const;
/** What Terragrunt 1.1.1 writes of an engine that had finished when it was cancelled. */
const cancelledCause =
  'error occurred:\n\n* Failed to execute "/tools/tofu apply -json -auto-approve -input=false -no-color" in ./.terragrunt-cache/x/y\n  \n  context canceled\n';
/** And of a hook that was cut off after the engine had finished. */
const hookCause =
  'error occurred:\n\n* Failed to execute "sleep 8" in ./.terragrunt-cache/x/y\n  \n  context canceled\n';
const cancelledReport = { Name: 'platform', Result: 'failed', Cause: cancelledCause } as const;

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

  test('without the summary where the output was a flood, and a remark says so', () => {
    const flood = { ...good, ...seen({ changes: undefined }), lossy: true };
    expect(judge(flood)).toBe('applied');
    expect(remark(flood)).toContain('platform: its output was a flood');
    expect(remark(good)).toBeUndefined();
  });

  test('but not with outputs that Terragrunt made up', () => {
    expect(refusal(seen({ mocked: ['/live/secrets/terragrunt.hcl'] }))).toMatchObject({
      code: 'PHX-LAYER-MOCKED',
      why: expect.stringContaining('/live/secrets/terragrunt.hcl'),
    });
  });
});

/**
 * Every combination of what the witnesses can say: 6 endings × 5 exits × 5 reports × summary or not × flood or not ×
 * 3 states. The rule is written a second time here, as the sentence it is.
 */
describe('in every combination of what the witnesses say', () => {
  const endings = ['exited', 'cancelled', 'timed-out', 'stalled', 'handed-over', 'orphaned'] as const;
  const exits = {
    zero: { code: 0, signal: null },
    one: { code: 1, signal: null },
    killed: { code: null, signal: 'SIGKILL' },
    terminated: { code: null, signal: 'SIGTERM' },
    untold: { code: null, signal: null },
  } as const;
  const reports = {
    succeeded: { Name: 'platform', Result: 'succeeded' },
    failed: { Name: 'platform', Result: 'failed', Cause: 'exit status 1' },
    cancelled: cancelledReport,
    'hook cancelled': { Name: 'platform', Result: 'failed', Cause: hookCause },
    none: undefined,
  } as const;
  const states = { agrees: state, contradicts: emptyState, unread: undefined };
  const all = endings.flatMap((ending) =>
    Object.entries(exits).flatMap(([exit, exitOf]) =>
      Object.entries(reports).flatMap(([report, reportOf]) =>
        [true, false].flatMap((summary) =>
          [true, false].flatMap((lossy) =>
            Object.entries(states).map(([said, stateOf]) => ({
              name: { ending, exit, report, summary, lossy, state: said },
              evidence: {
                ...good,
                ending,
                exit: exitOf,
                report: reportOf,
                lossy,
                state: stateOf,
                ...seen({ changes: summary ? changes : undefined }),
              } as Evidence,
            })),
          ),
        ),
      ),
    ),
  );

  test('the layer counts exactly where it may', () => {
    expect(all).toHaveLength(6 * 5 * 5 * 2 * 2 * 3);
    const wrong = all.filter(({ name, evidence }) => {
      const byItself = name.exit === 'zero' && name.report === 'succeeded' && (name.summary || name.lossy);
      const cutButFinished =
        name.ending !== 'exited' &&
        name.exit !== 'killed' &&
        name.exit !== 'terminated' &&
        name.report === 'cancelled' &&
        name.summary;
      const unseen = name.exit === 'untold' && name.report === 'succeeded' && name.summary;
      const counts = (byItself || cutButFinished || unseen) && name.state === 'agrees';
      return (judge(evidence) === 'applied') !== counts;
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  test('what does not count is told with a reason and a way on, and a cancelled layer as cancelled', () => {
    for (const { name, evidence } of all) {
      const verdict = judge(evidence);
      if (!(verdict instanceof PhoenixError)) continue;
      expect({ ...name, why: verdict.why, next: verdict.next }).toMatchObject({
        why: expect.stringMatching(/\S/),
        next: expect.stringContaining('--from platform'),
      });
      const stopped = name.ending === 'cancelled' || name.ending === 'handed-over';
      const contradicted = verdict.code === 'PHX-LAYER-STATE-DIFFERS';
      expect({ ...name, class: verdict.class }).toMatchObject({
        class: stopped && !contradicted ? 'cancelled' : 'layer',
      });
    }
  });
});

describe('a layer that was cut off', () => {
  const half = seen({
    changes: undefined,
    claimed: new Map([
      ['t.a', 'present'],
      ['t.b', 'present'],
    ]),
    completed: new Set(['t.a', 't.b']),
    begun: new Map([
      ['t.c', 'create'],
      ['t.d', 'create'],
      ['t.e', 'delete'],
    ]),
    finished: 2,
    toDo: 5,
  });
  const found = { ...state, addresses: new Set(['t.a', 't.b', 't.c', 't.e']), tainted: new Set(['t.c']) };

  test('tells what it made, what it began, and what the state says of each', () => {
    const error = refusal({ ...failed, ...half, ending: 'cancelled', state: found });
    expect(error).toMatchObject({ code: 'PHX-LAYER-CANCELLED', class: 'cancelled' });
    expect(error.what).toBe('Layer platform was cancelled half-way. It had made 2 of 5 changes.');
    expect(error.why).toContain('Done: t.a, t.b.');
    expect(error.why).toContain('t.c (create; tainted in the state, the next apply replaces it)');
    expect(error.why).toContain('t.d (create; not in the state, but it may exist)');
    expect(error.why).toContain('t.e (delete; still in the state)');
    expect(error.next).toBe(
      'See whether t.d exists; if so, import it or remove it first. Run again from this layer: --from platform.',
    );
  });

  test('says where the state was not read, and where the state contradicts it', () => {
    expect(refusal({ ...failed, ...half, ending: 'cancelled', state: undefined }).why).toContain(
      'The state was not read.',
    );
    expect(refusal({ ...failed, ...half, ending: 'cancelled', state: emptyState }).why).toContain(
      't.a was applied but is not in the state',
    );
  });

  test('before it planned has changed nothing', () => {
    const none = seen({ changes: undefined, completed: new Set(), claimed: new Map(), toDo: undefined });
    expect(refusal({ ...failed, ...none, ending: 'timed-out' })).toMatchObject({
      code: 'PHX-LAYER-TIMEOUT',
      class: 'layer',
      what: 'Layer platform was not done after 900 s. It had changed nothing yet.',
      next: expect.stringContaining('layers.platform.timeout'),
    });
  });

  test('because it stood still, or was killed after its grace, says so', () => {
    expect(refusal({ ...failed, ...half, ending: 'stalled' })).toMatchObject({
      code: 'PHX-LAYER-STALLED',
      what: expect.stringContaining('stood still for 300 s'),
    });
    const killed = { exit: { code: null, signal: 'SIGKILL' }, report: undefined } as const;
    expect(refusal({ ...killed, ...half, ending: 'cancelled' }).why).toContain('may still be locked');
  });

  test('while its state could not be saved is told by that, which is worse', () => {
    const errors = [
      { severity: 'error', summary: 'Failed to persist state to backend', detail: 'errored.tfstate' },
    ] as const;
    expect(
      refusal({ ...failed, ...seen({ errors, changes: undefined }), ending: 'cancelled' }),
    ).toMatchObject({
      code: 'PHX-LAYER-STATE-UNSAVED',
      next: expect.stringContaining(
        '(cd /live/platform/.terragrunt-cache/a/b && tofu state push errored.tfstate)',
      ),
    });
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
    expect(refusal({ state: emptyState })).toMatchObject({
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
        detail: 'It did\n  not like that',
        address: 'terraform_data.vm',
        range: { filename: 'main.tf', start: { line: 7, column: 3 } },
      },
      { severity: 'error', summary: 'Another', detail: '' },
    ] as const;
    expect(refusal({ ...failed, ...seen({ errors }) })).toMatchObject({
      code: 'PHX-LAYER-FAILED',
      what: 'Layer platform failed: terraform_data.vm: Provisioning failed (and 1 more error)',
      why: 'It did not like that [main.tf:7]',
    });
  });

  test('is the first error that is known, with its cause and the exact move, and the place in the own file', () => {
    const errors = [
      { severity: 'error', summary: 'execution halted', detail: '' },
      {
        severity: 'error',
        summary: 'rpc error: code = AlreadyExists',
        detail: 'etcd data directory is not empty',
        address: 'talos_machine_bootstrap.this',
      },
      { severity: 'error', summary: 'execution halted', detail: '' },
    ] as const;
    const at = { file: 'live/platform/main.tf', line: 3 };
    const error = refusal({ ...failed, ...seen({ errors, tail: ['one', 'two'] }), at });
    expect(error).toMatchObject({
      code: 'PHX-LAYER-TALOS-BOOTSTRAPPED',
      what: 'Layer platform failed: talos_machine_bootstrap.this: rpc error: code = AlreadyExists (and 2 more errors)',
      next: expect.stringContaining(
        '(cd /live/platform && terragrunt import talos_machine_bootstrap.this this)',
      ),
      at,
      tail: ['one', 'two'],
    });
    expect(error.why).toMatch(/bootstrapped before.* It said: etcd data directory is not empty$/);
    expect(decidingError({ seen: { ...good.seen, errors }, report: undefined })).toBe(errors[1]);
  });

  test('is the holder of the lock, where the state is locked, and how to release exactly that lock', () => {
    const detail =
      'Error message: HTTP remote state already locked: ID=b9c5\nLock Info:\n  ID:        b9c5\n  Path:      \n  Operation: OperationTypeApply\n  Who:       ann@castle\n  Version:   1.12.6\n  Created:   2026-11-23 20:00:00 +0000 UTC\n  Info:      \n\n\nOpenTofu acquires a state lock';
    const lock = { severity: 'error', summary: 'Error acquiring the state lock', detail } as const;
    const error = refusal({ ...failed, ...seen({ errors: [lock] }) });
    expect(error.code).toBe('PHX-LAYER-LOCKED');
    expect(error.why).toContain(
      'ann@castle holds the lock of its state for apply, since 2026-11-23 20:00:00 +0000 UTC.',
    );
    expect(error.next).toContain('(cd /live/platform && terragrunt force-unlock -force b9c5)');
  });

  test('is what other output points to, where no error of the engine is known', () => {
    const errors = [{ severity: 'error', summary: 'remote-exec failed', detail: 'status 1' }] as const;
    const tail = ['trying pve.lan', 'dial tcp: lookup pve.lan: no such host'];
    const error = refusal({ ...failed, ...seen({ errors, tail }) });
    expect(error).toMatchObject({ code: 'PHX-LAYER-DNS', what: 'Layer platform failed: remote-exec failed' });
    expect(error.why).toContain('lookup pve.lan: no such host');
  });

  test('is the signal that ended it, and for SIGKILL that memory may have run out', () => {
    const killed = refusal({ exit: { code: null, signal: 'SIGKILL' }, report: undefined });
    expect(killed).toMatchObject({
      code: 'PHX-LAYER-KILLED',
      what: 'Layer platform was ended by signal SIGKILL (137).',
      why: expect.stringContaining('memory'),
    });
  });

  test('of a wrapper that was killed says whether its engine had finished by itself, and what the state says', () => {
    const killed = { exit: { code: null, signal: 'SIGKILL' }, report: undefined } as const;
    expect(refusal(killed)).toMatchObject({
      why: expect.stringContaining('Its engine had finished, and the state agrees.'),
      next: expect.stringContaining('found unchanged'),
    });
    expect(refusal({ ...killed, state: emptyState }).why).toContain('but the state does not say so');
    expect(refusal({ ...killed, ...seen({ changes: undefined }) }).why).toContain(
      'did not say that it finished',
    );
  });

  test('names the want of memory where the kernel counted a kill, and leaves it open where nobody counted', () => {
    const cause = { Name: 'platform', Result: 'failed', Cause: '… signal: killed' } as const;
    const engine = { exit: { code: 255, signal: null }, report: cause, ...seen({ changes: undefined }) };
    expect(refusal(engine)).toMatchObject({ code: 'PHX-LAYER-KILLED' });
    expect(refusal({ ...engine, oomKills: 1 })).toMatchObject({
      code: 'PHX-LAYER-OOM',
      why: expect.stringContaining('the kernel killed 1 of its processes'),
    });
    expect(refusal({ exit: { code: null, signal: 'SIGKILL' }, report: undefined, oomKills: 2 }).code).toBe(
      'PHX-LAYER-OOM',
    );
  });

  test("is Terragrunt's cause where the engine said nothing, else the last words, and never nothing", () => {
    const cause = { Name: 'platform', Result: 'failed', Cause: 'no such unit' } as const;
    expect(refusal({ ...failed, report: cause }).why).toBe('no such unit');
    const tail = ['one', 'two', 'three', 'four'];
    expect(refusal({ ...failed, ...seen({ tail }) }).why).toBe('two / three / four');
    expect(refusal(failed).why).toBe('It said nothing.');
    expect(refusal({ exit: { code: 1, signal: null }, report: undefined }).what).toContain(
      'it wrote no report',
    );
  });

  test('is kept short, and never cut inside a word: half a secret would not be taken out', () => {
    const secret = 'canary'.repeat(40);
    const detail = `${'word '.repeat(115)}${secret} ${'word '.repeat(5000)}`;
    const errors = [{ severity: 'error', summary: 'Long', detail }] as const;
    const { why } = refusal({ ...failed, ...seen({ errors }) });
    expect(why.length).toBeLessThan(700);
    expect(why.replaceAll(secret, '')).not.toContain('canary');
  });
});
