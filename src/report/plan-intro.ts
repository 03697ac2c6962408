import { wouldChange } from './changes.ts';
import type { PlanComment } from './plan-comment.ts';
import type { PlanExtras } from './plan-extras.ts';
import { code, listedCodes, shortCell } from './plan-words.ts';
import { duration } from './words.ts';

const mostErrors = 10;

/** What stands above the table. */
export function intro({
  castle,
  steps,
  changes,
  withoutSecrets,
  errors,
  affected,
  mode,
  stages = [],
  forecast,
  url,
}: PlanComment): string[] {
  const run = /^https?:\/\/[\w.:/-]+$/.test(url) ? ` ([run](${url}))` : '';
  const changing = changes?.filter(wouldChange).length ?? 0;
  const verdict =
    changes === undefined
      ? `${steps.length} ${steps.length === 1 ? 'layer' : 'layers'}`
      : `${changing} of ${changes.length} layers would change`;
  return [
    `## Plan of ${code(castle)}: ${verdict}${run}`,
    ...errors.slice(0, mostErrors).map((text) => `**Failed**: ${code(shortCell(text))}`),
    ...(affected === undefined ? [] : affectedText(affected)),
    ...(withoutSecrets && changes !== undefined
      ? ['A pull request gets no secrets: layers that need one are not planned here.']
      : []),
    ...(changes?.some(({ verdict: of }) => of === 'mocked')
      ? [
          '**mocked**: planned with made-up outputs of a layer that was never applied; the real ones may change more.',
        ]
      : []),
    ...(mode === 'matrix' && stages.length > 0 ? [stagesText(stages)] : []),
    ...(forecast === undefined || forecast.criticalPath.length === 0 ? [] : [forecastText(forecast, mode)]),
  ];
}

function affectedText({ reason, layers, removed, gitops }: NonNullable<PlanExtras['affected']>): string[] {
  const touched = layers.filter(({ because }) => typeof because !== 'string').map(({ name }) => name);
  const others = layers.filter(({ because }) => typeof because === 'string').map(({ name }) => name);
  const along = others.length === 0 ? '' : ` What depends on it: ${listedCodes(others)}.`;
  const which =
    touched.length > 0
      ? `The commits touch ${listedCodes(touched)}.${along}`
      : layers.length > 0
        ? `All that is listed counts as touched: ${code(reason)}.`
        : 'The commits touch no layer.';
  return [
    which,
    ...(gitops ? ['The GitOps tree is touched: Flux takes it by itself.'] : []),
    ...(removed.length === 0
      ? []
      : [
          `**Gone** from the live folder: ${listedCodes(removed.map(({ name }) => name))}. What it made is not destroyed.`,
        ]),
  ];
}

function forecastText(
  {
    criticalPath,
    criticalPathSeconds,
    jobSeconds,
    matrixSeconds,
    source,
  }: NonNullable<PlanExtras['forecast']>,
  mode: PlanExtras['mode'],
): string {
  const path = `critical path ${listedCodes(criticalPath)}`;
  if (source === 'none') return `No rebirth was timed yet; ${path}.`;
  const whole = duration(mode === 'matrix' ? matrixSeconds : jobSeconds);
  return `Expected to take ${whole}; ${path}, ${duration(criticalPathSeconds)}.`;
}

function stagesText(stages: NonNullable<PlanComment['stages']>): string {
  const each = stages.map((legs, index) => `${index + 1}. ${listedCodes(legs.map(({ name }) => name))}`);
  return `Stages:\n\n${each.join('\n')}`;
}
