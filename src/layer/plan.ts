import { PhoenixError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type Attempt, attemptLayer } from './attempt.ts';
import type { LayerJob } from './job.ts';
import { decidingError, judge } from './judge.ts';
import type { Proposal } from './observe.ts';
import { sourceOf } from './source.ts';
import { readState } from './state.ts';
import { flat } from './words.ts';

export type PlanOutcome =
  | {
      readonly kind: 'planned';
      readonly proposal: Proposal;
      /** Configuration files of dependencies whose outputs Terragrunt made up from `mock_outputs`. */
      readonly mocked: readonly string[];
      /** The layer's state holds something: it was applied before. */
      readonly applied: boolean;
    }
  /** `said`: the errors on one line, in the tools' own words. */
  | { readonly kind: 'failed'; readonly error: PhoenixError; readonly said: string }
  | { readonly kind: 'cancelled' };

/**
 * Asks the engine what applying the layer would change: without a lock, without a plan file, with nothing of what it
 * says but addresses and counts. Throws only where the process cannot be started.
 */
export async function planLayer(job: LayerJob, log: Log, signal: AbortSignal): Promise<PlanOutcome> {
  const attempt = await attemptLayer({ ...job, operation: 'plan' }, 1, log, signal);
  const { exit, report, seen, ending, engineDir } = attempt;
  if (ending === 'cancelled' || ending === 'handed-over') return { kind: 'cancelled' };
  const { proposal } = seen;
  const succeeded = ending === 'exited' && exit.code === 0 && report?.Result === 'succeeded';
  if (!succeeded || proposal === undefined) return { kind: 'failed', ...(await explained(job, attempt)) };
  const onlyAdds = proposal.change + proposal.remove + proposal.move + proposal.import === 0;
  const applied = !(onlyAdds && proposal.add > 0) || (await holdsSomething(job, engineDir, signal));
  return { kind: 'planned', proposal, mocked: seen.mocked, applied };
}

/** Whether the unit's configuration is right as far as that can be told without its state and its secrets. */
export async function validateLayer(
  job: LayerJob,
  log: Log,
  signal: AbortSignal,
): Promise<'valid' | PhoenixError | undefined> {
  // Terragrunt's own init runs before it, and then asks no backend.
  const env = { ...job.env, TF_CLI_ARGS_init: '-backend=false' };
  const attempt = await attemptLayer({ ...job, operation: 'validate', env }, 2, log, signal);
  if (attempt.ending !== 'exited') return undefined;
  if (attempt.exit.code === 0) return 'valid';
  // Only a mistake that stands in a file of the configuration is one: else a provider or an output was not to be had.
  const mistake = attempt.seen.errors.find(({ range }) => range?.filename.endsWith('.tf') === true);
  return mistake === undefined ? undefined : (await explained(job, attempt)).error;
}

async function explained(
  job: LayerJob,
  attempt: Attempt,
): Promise<{ readonly error: PhoenixError; readonly said: string }> {
  const { name: layer, dir: unit, engine } = job;
  const { exit, report, seen, ending, engineDir, oomKills, stall: _ } = attempt;
  const at = await sourceOf(decidingError({ seen, report }), { unit, engineDir });
  const evidence = { layer, unit, engineDir, engine, exit, report, seen, ending, oomKills, settings: job };
  const verdict = judge({
    ...evidence,
    lossy: false,
    state: undefined,
    ...(at === undefined ? {} : { at }),
  });
  // `judge` speaks of an apply that succeeded only where its closing summary came, which no plan has.
  if (typeof verdict === 'string') throw new Error(`the plan of ${layer} was judged as ${verdict}`);
  const errors = seen.errors.map(({ summary, detail }) => `${summary} ${detail}`);
  return { error: ofPlan(verdict, layer), said: flat([...errors, report?.Cause ?? ''].join(' ')) };
}

/** `judge` speaks of an apply: a plan is not gone on with, and has kept nothing. */
function ofPlan(error: PhoenixError, layer: string): PhoenixError {
  const { code, class: kind, what, why, next, at, tail, cause } = error;
  return new PhoenixError({
    code,
    class: kind,
    what: what.replace(`Layer ${layer} failed`, `The plan of layer ${layer} failed`),
    why,
    next: next.replace(
      /\b([Tt])hen run again from this layer: --from \S+\.(?: What was applied before it is kept\.)?/,
      '$1hen plan again.',
    ),
    cause,
    tail,
    ...(at === undefined ? {} : { at }),
  });
}

/** A backend that has no state yet prints none. */
async function holdsSomething(
  { engine, env, varFiles }: LayerJob,
  dir: string | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (dir === undefined) return false;
  const state = await readState({ engine, dir, env, varFiles, signal }).catch(() => undefined);
  return state !== undefined && state.addresses.size + state.outputs.size > 0;
}
