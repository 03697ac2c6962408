import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, PhoenixError, toPhoenixError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type Aftercare, careForState, careWords } from './aftercare.ts';
import { type Attempt, attemptLayer } from './attempt.ts';
import { conclude } from './conclude.ts';
import type { LayerJob } from './job.ts';
import { type DoneVerdict, remark } from './judge.ts';
import { phasesOf, type TimedPhase } from './phases.ts';
import { erroredState, rescueState } from './rescue.ts';
import { backoffSeconds, classifyFailure, type RetryClass } from './retry.ts';
import { slowestOf, type TimedResource } from './slowest.ts';
import type { LayerState } from './state.ts';

export interface RetryPolicy {
  readonly on: readonly RetryClass[];
  /** Attempts after the first. */
  readonly times: number;
}

export interface LayerOutcome {
  readonly verdict: DoneVerdict | 'dropped' | 'failed' | 'cancelled' | 'handed-over';
  readonly retries: number;
  readonly phases: readonly TimedPhase[];
  /** What took longest in all its attempts, the longest first. */
  readonly slowest?: readonly TimedResource[];
  readonly outputs: ReadonlyMap<string, unknown>;
  /** The same as `output -json` prints them, where they were read back. */
  readonly printed?: string;
  /** What must be known of it beside its verdict. */
  readonly note?: string;
  readonly error?: PhoenixError;
}

/** How long a backend that did not take a state is asked again before its layer is given up. */
export const rescueWithinSeconds = 30;

/** Applies or destroys one layer, with classified retries, and believes nothing that the state does not confirm. Never throws. */
export async function runLayer(
  job: LayerJob,
  retry: RetryPolicy,
  log: Log,
  signal: AbortSignal,
): Promise<LayerOutcome> {
  const phases: TimedPhase[] = [];
  const slowest: TimedResource[][] = [];
  const ended = (
    verdict: LayerOutcome['verdict'],
    retries: number,
    error?: PhoenixError,
    state?: LayerState,
  ) => ({
    verdict,
    retries,
    phases,
    slowest: slowestOf(slowest),
    outputs: state?.outputs ?? new Map<string, unknown>(),
    ...(state?.printed === undefined ? {} : { printed: state.printed }),
    ...(error === undefined ? {} : { error }),
  });
  // Its time counts from when it begins: the layer itself may have worked for longer than that.
  const care = () => ({
    log,
    withinSeconds: rescueWithinSeconds,
    signal: AbortSignal.timeout(job.graceSeconds * 1000),
  });
  /** An own dead lock is released once a layer: one that comes back is somebody's who lives. */
  let unlocked = false;
  try {
    const began = Date.now();
    const left = await rescueState(job, undefined, care());
    phases.push({ name: 'look back', from: began, to: Date.now() });
    if (left.status === 'kept' || left.status === 'conflict') return ended('failed', 0, unsaved(job, left));
    for (let number = 1; ; number += 1) {
      const retries = number - 1;
      const attempt = await attemptLayer(job, (job.attemptsBefore ?? 0) + number, log, signal);
      phases.push(...phasesOf(attempt, job.operation));
      slowest.push([...attempt.seen.slowest]);
      if (attempt.ending === 'handed-over') return ended('handed-over', retries);
      const { verdict, state } = await conclude(job, attempt, phases);
      const doubt = verdict instanceof PhoenixError ? undefined : remark({ layer: job.name, ...attempt });
      if (doubt !== undefined) log.warn(doubt);
      if (!(verdict instanceof PhoenixError)) return ended(verdict, retries, undefined, state);
      const caredFrom = Date.now();
      const cared = await careFor(job, attempt, verdict, care());
      if (cared !== undefined) phases.push({ name: 'aftercare', from: caredFrom, to: Date.now() });
      const failure = cared === undefined ? verdict : withWords(verdict, careWords(cared));
      // Applying again without what was made would make it twice.
      const rescue = cared?.rescue;
      if (rescue?.status === 'kept' || rescue?.status === 'conflict')
        return ended('failed', retries, failure);
      if (attempt.ending === 'cancelled') return ended('cancelled', retries, failure);
      if (cared?.lock.status === 'released' && verdict.code === 'PHX-LAYER-LOCKED' && !unlocked) {
        unlocked = true;
        continue;
      }
      const kind = attempt.ending === 'stalled' ? 'stall' : classOf(attempt);
      if (
        attempt.ending === 'timed-out' ||
        kind === undefined ||
        !retry.on.includes(kind) ||
        retries >= retry.times
      )
        return ended('failed', retries, failure);
      const from = Date.now();
      const seconds = backoffSeconds(number + 1, Math.random());
      log.warn(
        `${job.name}: ${verdict.what} It is of class ${kind}; attempt ${number + 1} in ${seconds.toFixed(0)} s.`,
      );
      await sleep(seconds * 1000, undefined, { signal }).catch(() => {});
      phases.push({ name: 'backoff', from, to: Date.now() });
      if (signal.aborted) return ended('cancelled', retries, failure);
    }
  } catch (thrown) {
    return ended('failed', 0, toPhoenixError(thrown));
  }
}

function classOf({ seen, report }: Attempt): RetryClass | undefined {
  return classifyFailure(seen.errors, `${report?.Cause ?? ''}\n${seen.tail.join('\n')}`);
}

/** Only after an end that may have left a lock or an unsaved state: a plain failure leaves neither. */
async function careFor(
  job: LayerJob,
  { ending, exit, engineDir, seen }: Attempt,
  verdict: PhoenixError,
  options: Parameters<typeof careForState>[2],
): Promise<Aftercare | undefined> {
  const engineDied = seen.engineStarted !== undefined && seen.errors.length === 0 && exit.code !== 0;
  const suspect = /^PHX-LAYER-(LOCKED|KILLED|OOM|STATE-)/.test(verdict.code);
  // What lies there counts, whichever of its errors the engine told first.
  const left = engineDir !== undefined && existsSync(join(engineDir, erroredState));
  if (!left && ending === 'exited' && exit.signal === null && !engineDied && !suspect) return undefined;
  // What cannot be looked after must not hide what happened.
  return careForState(job, engineDir, options).catch((thrown: unknown) => {
    options.log.warn(`${job.name}: its lock and state could not be looked after: ${messageOf(thrown)}`);
    return undefined;
  });
}

function withWords(error: PhoenixError, words: readonly string[]): PhoenixError {
  if (words.length === 0) return error;
  const { code, class: kind, what, why, next, at, tail, cause } = error;
  return new PhoenixError({
    code,
    class: kind,
    what,
    why: [why, ...words].join(' '),
    next,
    cause,
    ...(at === undefined ? {} : { at }),
    ...(tail === undefined ? {} : { tail }),
  });
}

export function unsaved(
  job: LayerJob,
  left: { readonly file: string; readonly why: string; readonly status: string },
) {
  return new PhoenixError({
    code: 'PHX-LAYER-STATE-UNSAVED',
    class: 'layer',
    what: `Layer ${job.name} has a state that its backend never took, in ${left.file}.`,
    why: left.why,
    next:
      left.status === 'kept'
        ? 'Bring the backend up and run again: the state is pushed before anything else. Going on without it would make everything twice, or leave it standing unseen.'
        : `Compare it with \`terragrunt state pull\` in ${job.dir}; push it with \`terragrunt state push -force FILE\` if it is the newer one, then delete the file.`,
  });
}
