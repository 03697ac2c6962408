import type { Attempt } from './attempt.ts';
import type { LayerJob } from './job.ts';
import { decidingError, judge, type Verdict } from './judge.ts';
import type { TimedPhase } from './phases.ts';
import { sourceOf } from './source.ts';
import { type LayerState, readState } from './state.ts';

/** The verdict on an attempt, with the state where it was read back. Adds the time of that to `phases`. */
export async function conclude(
  job: Pick<
    LayerJob,
    'name' | 'operation' | 'dir' | 'engine' | 'env' | 'varFiles' | 'timeoutSeconds' | 'stallSeconds' | 'learn'
  >,
  attempt: Pick<Attempt, 'exit' | 'ending' | 'report' | 'seen' | 'lossy' | 'engineDir' | 'oomKills'>,
  phases: TimedPhase[],
  signal: AbortSignal = new AbortController().signal,
): Promise<{ verdict: Verdict; state?: LayerState }> {
  const from = Date.now();
  const { exit, report, seen, ending, lossy, engineDir, oomKills } = attempt;
  const { name: layer, operation = 'apply', dir: unit, engine, env, varFiles } = job;
  const at = await sourceOf(decidingError({ seen, report }), { unit, engineDir });
  const known = {
    layer,
    operation,
    unit,
    engineDir,
    engine,
    exit,
    report,
    seen,
    lossy,
    ending,
    oomKills,
    settings: job,
  };
  const evidence = at === undefined ? known : { ...known, at };
  const claimsSuccess = exit.code === 0 && report?.Result === 'succeeded';
  // What was stopped or killed may have finished all the same, or half: the state tells.
  const telling = claimsSuccess || ending !== 'exited' || exit.signal !== null || seen.changes !== undefined;
  if (engineDir === undefined || !telling) return { verdict: judge({ ...evidence, state: undefined }) };
  const state = await readState({ engine, dir: engineDir, env, varFiles, signal }).catch(
    (thrown: unknown) => {
      // Where the rest says success, a state that cannot be read is the finding; elsewhere it is one blank more.
      if (claimsSuccess) throw thrown;
      return undefined;
    },
  );
  phases.push({ name: 'read-back', from, to: Date.now() });
  if (state !== undefined) job.learn(state.sensitive);
  const verdict = judge({ ...evidence, state });
  return state === undefined ? { verdict } : { verdict, state };
}
