import type { Attempt } from './attempt.ts';
import type { Operation } from './job.ts';

export interface TimedPhase {
  readonly name:
    | 'prepare'
    | 'look back'
    | 'init'
    | 'plan'
    | 'apply'
    | 'destroy'
    | 'drop'
    | 'finish'
    | 'read-back'
    | 'aftercare'
    | 'backoff';
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
}

/** What an attempt's time went into, by the marks that its output set. */
export function phasesOf(
  { started, ended, seen }: Pick<Attempt, 'started' | 'ended' | 'seen'>,
  operation: Operation = 'apply',
): TimedPhase[] {
  const marks: [TimedPhase['name'], number | undefined][] = [
    ['init', seen.engineStarted],
    ['plan', seen.planned],
    [operation === 'destroy' ? operation : 'apply', seen.summarised],
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
