import { setTimeout as sleep } from 'node:timers/promises';
import { PhoenixError, toPhoenixError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type Attempt, attemptLayer, type LayerJob } from './attempt.ts';
import { judge } from './judge.ts';
import { backoffSeconds, classifyFailure, type RetryClass } from './retry.ts';
import { type LayerState, readState } from './state.ts';

export interface RetryPolicy {
  readonly on: readonly RetryClass[];
  /** Attempts after the first. */
  readonly times: number;
}

export interface TimedPhase {
  readonly name: 'init' | 'plan' | 'apply' | 'finish' | 'read-back' | 'backoff';
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
}

export interface LayerOutcome {
  readonly verdict: 'applied' | 'unchanged' | 'failed' | 'cancelled';
  readonly retries: number;
  readonly phases: readonly TimedPhase[];
  readonly outputs: ReadonlyMap<string, unknown>;
  readonly error?: PhoenixError;
}

/** Applies one layer, with classified retries, and believes nothing that the state does not confirm. Never throws. */
export async function runLayer(
  job: LayerJob,
  retry: RetryPolicy,
  log: Log,
  signal: AbortSignal,
): Promise<LayerOutcome> {
  const phases: TimedPhase[] = [];
  const ended = (
    verdict: LayerOutcome['verdict'],
    retries: number,
    error?: PhoenixError,
    state?: LayerState,
  ) => ({
    verdict,
    retries,
    phases,
    outputs: state?.outputs ?? new Map<string, unknown>(),
    ...(error === undefined ? {} : { error }),
  });
  for (let number = 1; ; number += 1) {
    const retries = number - 1;
    try {
      const attempt = await attemptLayer(job, number, log, signal);
      phases.push(...phasesOf(attempt));
      const { verdict, state } = await conclude(job, attempt, phases);
      if (!(verdict instanceof PhoenixError)) return ended(verdict, retries, undefined, state);
      if (attempt.ending !== 'exited')
        return ended(attempt.ending === 'cancelled' ? 'cancelled' : 'failed', retries, verdict);
      const kind = classifyFailure(
        attempt.seen.errors,
        `${attempt.report?.Cause ?? ''}\n${attempt.seen.tail.join('\n')}`,
      );
      if (kind === undefined || !retry.on.includes(kind) || retries >= retry.times)
        return ended('failed', retries, verdict);
      const from = Date.now();
      const seconds = backoffSeconds(number + 1, Math.random());
      log.warn(
        `${job.name}: ${verdict.what} It is of class ${kind}; attempt ${number + 1} in ${seconds.toFixed(0)} s.`,
      );
      await sleep(seconds * 1000, undefined, { signal }).catch(() => {});
      phases.push({ name: 'backoff', from, to: Date.now() });
      if (signal.aborted) return ended('cancelled', retries, verdict);
    } catch (thrown) {
      return ended('failed', retries, toPhoenixError(thrown));
    }
  }
}

async function conclude(
  job: LayerJob,
  attempt: Attempt,
  phases: TimedPhase[],
): Promise<{ verdict: 'applied' | 'unchanged' | PhoenixError; state?: LayerState }> {
  const { exit, report, seen, ending } = attempt;
  const evidence = { layer: job.name, exit, report, seen };
  const claimsSuccess = exit.code === 0 && report?.Result === 'succeeded' && seen.changes !== undefined;
  if (!claimsSuccess || attempt.engineDir === undefined) {
    return { verdict: stopped(job, ending) ?? asError(judge({ ...evidence, state: undefined })) };
  }
  const from = Date.now();
  const state = await readState({
    engine: job.engine,
    dir: attempt.engineDir,
    env: job.env,
    varFiles: job.varFiles,
  });
  phases.push({ name: 'read-back', from, to: Date.now() });
  return { verdict: judge({ ...evidence, state }), state };
}

function asError(verdict: 'applied' | 'unchanged' | PhoenixError): PhoenixError {
  return verdict instanceof PhoenixError
    ? verdict
    : toPhoenixError(`an attempt without proof was judged ${verdict}`);
}

function stopped(job: LayerJob, ending: Attempt['ending']): PhoenixError | undefined {
  if (ending === 'exited') return undefined;
  const timedOut = ending === 'timed-out';
  return new PhoenixError({
    code: timedOut ? 'PHX-LAYER-TIMEOUT' : 'PHX-LAYER-CANCELLED',
    class: timedOut ? 'layer' : 'cancelled',
    what: timedOut
      ? `Layer ${job.name} was not done after ${job.timeoutSeconds} s.`
      : `Layer ${job.name} was cancelled half-way.`,
    why: timedOut
      ? 'Its timeout passed, so its engine was interrupted.'
      : 'The run was cancelled, so its engine was interrupted.',
    next: timedOut
      ? `Give it more time (layers.${job.name}.timeout) or see above what it waited for; then --from ${job.name}.`
      : `Run again from this layer: --from ${job.name}.`,
  });
}

function phasesOf({ started, ended, seen }: Attempt): TimedPhase[] {
  const marks: [TimedPhase['name'], number | undefined][] = [
    ['init', seen.engineStarted],
    ['plan', seen.planned],
    ['apply', seen.summarised],
    ['finish', ended],
  ];
  const phases: TimedPhase[] = [];
  let from = started;
  for (const [name, to] of marks) {
    if (to === undefined) continue;
    phases.push({ name, from, to: Math.max(from, to) });
    from = Math.max(from, to);
  }
  return phases;
}
