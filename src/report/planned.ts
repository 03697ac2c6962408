import { PhoenixError } from '../errors.ts';
import { type ShownLeg, shownStages } from '../plan/shown-stages.ts';
import type { Staging } from '../plan/staging.ts';

/** How a plan may be run, as `plan --json` gives it; nodes by their names, times in seconds. */
export interface PlannedRun {
  readonly mode: 'job' | 'matrix';
  readonly why: string;
  readonly stages: readonly (readonly ShownLeg[])[];
  readonly forecast: {
    /** `none`: no run was timed here, and every layer counts as one second. */
    readonly source: 'history' | 'none';
    /** Layers that were never timed, where others were: each counts as the median of those. */
    readonly guessed: readonly string[];
    readonly criticalPath: readonly string[];
    readonly criticalPathSeconds: number;
    readonly jobSeconds: number;
    readonly matrixSeconds: number;
    readonly startSeconds: number;
    readonly barrierSeconds: number;
    readonly queueSeconds: number;
    readonly assumed: Staging['assumed'];
  };
}

export function plannedRun(
  { mode, why, stages, forecast, expected, assumed }: Staging,
  shown: (id: string) => string,
): PlannedRun {
  return {
    mode,
    why,
    stages: shownStages(stages, shown),
    forecast: {
      source: expected.source,
      guessed: expected.guessed.map(shown),
      criticalPath: forecast.criticalPath.map(shown),
      criticalPathSeconds: rounded(forecast.criticalPathSeconds),
      jobSeconds: rounded(forecast.jobSeconds),
      matrixSeconds: rounded(forecast.matrixSeconds),
      startSeconds: rounded(forecast.startSeconds),
      barrierSeconds: rounded(forecast.barrierSeconds),
      queueSeconds: rounded(forecast.queueSeconds),
      assumed,
    },
  };
}

/** The workflow's ladder of jobs has these steps; see .github/workflows/rebirth.yml. */
const ladder = ['stage-0', 'stage-1', 'stage-2', 'stage-3', 'stage-4', 'stage-5', 'stage-6', 'stage-7'];

/**
 * The Action's outputs of a plan. A step of the ladder that has nothing to do is empty, for an empty matrix is an error;
 * where the castle is rebuilt in one job there is nothing to hand on. Throws PHX-PLAN-DUPLICATE.
 */
export function planOutputs({ mode, stages }: PlannedRun): Record<string, string> {
  const matrix = mode === 'matrix' ? stages : [];
  const names = matrix.flat().flatMap(({ layers }) => layers.split(','));
  if (new Set(names).size < names.length)
    throw ambiguous(names.find((name, index) => names.indexOf(name) !== index) ?? '');
  const steps = ladder.map((name, index) => {
    const legs = matrix[index];
    return [name, legs === undefined ? '' : JSON.stringify(legs)] as const;
  });
  return { mode, stages: JSON.stringify(matrix), ...Object.fromEntries(steps) };
}

/** One job knows the two apart; legs are told by name what to run. */
function ambiguous(name: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-PLAN-DUPLICATE',
    class: 'plan',
    what: `\`${name}\` is the name of a layer and of a gate.`,
    why: 'The jobs of a matrix are told by name what to run, and neither would know which of the two is meant.',
    next: `Rename the layer's folder, or use the mode \`job\`.`,
  });
}

function rounded(seconds: number): number {
  // Sums of sums: what is nothing must not read as -0.
  return Math.max(0, Math.round(seconds * 1000) / 1000);
}
