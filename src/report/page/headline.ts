import type { Report } from '../schema.ts';
import { duration, verdictText } from '../words.ts';

/** How the run ended, in one sentence. Of a drill it says whether the castle is back, which its verdict alone does not. */
export function headline(report: Report): string {
  const { castle, drill, fromNothing, wallSeconds } = report;
  if (drill === undefined) return verdictText(report);
  if (drill.verdict === 'good') return `${castle} came back: its drill is good`;
  const untouched = fromNothing?.gone === undefined;
  if (drill.verdict === 'cancelled') {
    const left = untouched
      ? 'nothing was destroyed'
      : fromNothing.reached === 'reborn'
        ? 'the castle is back'
        : 'the castle is NOT back';
    return `${castle}: the drill was cancelled after ${duration(wallSeconds)}; ${left}`;
  }
  if (untouched) return `${castle}: the drill FAILED before anything was destroyed`;
  switch (fromNothing.reached) {
    case 'destroying':
      return `${castle} is NOT back: the drill failed while it was destroyed`;
    case 'raising':
      return `${castle} is NOT back: it was destroyed, and its rebirth failed`;
    case 'reborn':
      return `${castle} came back, and its drill is NOT good`;
  }
}

/** What a drill did, in a line beneath; undefined for any other run. */
export function course({ drill, fromNothing, mode }: Report): string | undefined {
  if (drill === undefined) return undefined;
  const { rto, resumed, firstBirthSeconds } = drill;
  if (fromNothing?.gone === undefined)
    return mode === 'rehearsal'
      ? 'The castle of a box is raised before it is destroyed; it came no further than that.'
      : undefined;
  const reached = Object.entries(rto).flatMap(([name, seconds]) =>
    seconds === null ? [] : [`${name} after ${duration(seconds)}`],
  );
  return [
    firstBirthSeconds === null ? '' : `Raised in ${duration(firstBirthSeconds)}, then destroyed`,
    firstBirthSeconds === null ? (resumed ? 'Destroyed by an earlier run' : 'Destroyed') : '',
    reached.length === 0
      ? 'and not raised again'
      : `and raised again: ${reached.join(', ')}, from when it was gone`,
  ]
    .filter((part) => part !== '')
    .join(' ')
    .concat('.');
}
