import type { Simulation } from '../insight/forecast.ts';
import { duration, percent } from './words.ts';

/** A simulation as `plan --json` gives it; times in seconds. */
export function shownSimulation({ ways, pastError, ...rest }: Simulation) {
  return {
    source: rest.runs === 0 ? ('none' as const) : ('history' as const),
    ...{ runs: rest.runs, perJobSeconds: rounded(rest.perJob.seconds), jobsMeasured: rest.perJob.jobs },
    besideSeconds: rest.besideSeconds === null ? null : rounded(rest.besideSeconds),
    pastError:
      pastError === null
        ? null
        : {
            ...pastError,
            medianShare: rounded(pastError.medianShare),
            worstShare: rounded(pastError.worstShare),
          },
    ways: ways.map((way) => ({
      ...way,
      ...{ seconds: rounded(way.seconds), leastSeconds: rounded(way.leastSeconds) },
      mostSeconds: rounded(way.mostSeconds),
    })),
  };
}

/** The table of ways, the fastest marked, and below it what it rests on; for the terminal and the job summary. */
export function simulationRows(simulation: Simulation): {
  readonly rows: readonly (readonly [string, string, string])[];
  readonly notes: readonly string[];
} {
  const fastest = Math.min(...simulation.ways.map(({ seconds }) => seconds));
  const rows = simulation.ways.map((way): readonly [string, string, string] => {
    const { mode, runners, atOnce, seconds, leastSeconds, mostSeconds } = way;
    const name =
      mode === 'job'
        ? `one job, ${atOnce} ${atOnce === 1 ? 'layer' : 'layers'} at once`
        : `matrix on ${runners} runners`;
    const spread =
      leastSeconds === mostSeconds ? '' : `${duration(leastSeconds)} to ${duration(mostSeconds)}`;
    return [name, `${duration(seconds)}${seconds === fastest ? ' *' : ''}`, spread];
  });
  return { rows, notes: notesOf(simulation) };
}

/** The same as lines with columns. */
export function renderSimulation(simulation: Simulation): string {
  const { rows, notes } = simulationRows(simulation);
  const table = [['Forecast', 'Takes', 'In past runs'] as const, ...rows];
  const wide = (column: 0 | 1) => Math.max(...table.map((row) => row[column].length));
  const [first, second] = [wide(0), wide(1)];
  return [
    ...table.map(([name, takes, spread]) =>
      `${name.padEnd(first)}  ${takes.padStart(second)}  ${spread}`.trimEnd(),
    ),
    ...notes,
  ].join('\n');
}

function notesOf({ runs, perJob, besideSeconds, pastError }: Simulation): string[] {
  const rests =
    runs === 0
      ? 'No run was timed here: every layer counts as one second, so only the order of the ways means anything.'
      : `Rests on ${runs} recorded ${runs === 1 ? 'run' : 'runs'}, each played again in every way; * is the fastest.`;
  const start =
    perJob.jobs === 0
      ? `A job costs ${duration(perJob.seconds)} beside its layers: an estimate, for no matrix was measured here.`
      : `A job costs ${duration(perJob.seconds)} beside its layers: the median of ${perJob.jobs} measured.`;
  const error =
    pastError === null
      ? 'How far such a forecast is off is not known yet.'
      : `Runs in one job, forecast from those before them, were off by ${percent(pastError.medianShare)} (median of ${pastError.runs}; worst ${percent(pastError.worstShare)}).`;
  const beside =
    besideSeconds === null
      ? 'Tools, login, milestones and audit come on top.'
      : `Tools, login, milestones and audit come on top: ${duration(besideSeconds)} in one job.`;
  return [rests, start, beside, error];
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
