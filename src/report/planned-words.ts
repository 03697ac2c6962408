import type { PlannedRun } from './planned.ts';
import { duration } from './words.ts';

/** What a plan's forecast says, as rows of a name and its words: the terminal and the job summary share them. */
export function forecastRows({ mode, why, stages, forecast }: PlannedRun): (readonly [string, string])[] {
  const { criticalPath, assumed } = forecast;
  if (criticalPath.length === 0) return [['Mode', `${mode}: there is nothing to do`]];
  const legs = stages.reduce((sum, { length }) => sum + length, 0);
  const lost = [
    `${duration(forecast.startSeconds)} of it the start of jobs`,
    `${duration(forecast.barrierSeconds)} waiting for other legs`,
    `${duration(forecast.queueSeconds)} for a runner`,
  ];
  return [
    ['Critical path', `${shortened(criticalPath, ' → ')}: ${duration(forecast.criticalPathSeconds)}`],
    ['In one job', duration(forecast.jobSeconds)],
    [
      'As a matrix',
      `${duration(forecast.matrixSeconds)} in ${counted(stages.length, 'stage')} with ${counted(legs, 'leg')} on ${counted(assumed.runners, 'runner')}: ${lost.join(', ')}`,
    ],
    ['Expected times', `${sourceText(forecast)}; ${assumedText(assumed)}`],
    ['Mode', `${mode}: ${why}`],
  ];
}

function sourceText({ source, guessed }: PlannedRun['forecast']): string {
  if (source === 'none') return 'no history: every layer counts as one second';
  const rest =
    guessed.length === 0 ? '' : `; never timed, so the median of the others: ${shortened(guessed, ', ')}`;
  return `from the last runs on this machine${rest}`;
}

function assumedText({
  perJobSeconds,
  jobsMeasured,
  layersAtOnce,
  together,
}: PlannedRun['forecast']['assumed']): string {
  const carries = together
    ? 'all layers of one job at once, as in those runs'
    : `a runner carries ${layersAtOnce} layers at once`;
  if (jobsMeasured === 0) return `estimates: a job starts in ${perJobSeconds} s, ${carries}`;
  const estimate = together ? '' : 'an estimate: ';
  return `measured: a job costs ${duration(perJobSeconds)} beside its layers; ${estimate}${carries}`;
}

const mostNames = 12;

/** The names, those in the middle only counted where they are many. */
export function shortened(names: readonly string[], between: string): string {
  if (names.length <= mostNames) return names.join(between);
  const left = names.length - mostNames;
  return [...names.slice(0, mostNames - 1), `… (${left} more)`, names.at(-1)].join(between);
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
