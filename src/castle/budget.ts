import { z } from 'zod';
import { duration, kebabName, layerName, percentage } from './units.ts';

/** How long a part of a rebirth may take: so many seconds, or that share more than the median of the last runs. */
export interface Budget {
  readonly kind: 'total' | 'milestone' | 'layer';
  readonly name: string;
  readonly limit: { readonly seconds: number } | { readonly share: number };
}

const limitForm =
  'a duration such as `2m`, or by how much it may be slower than the median of the last runs, such as `20%`';

const limit = z.union(
  [duration.transform((seconds) => ({ seconds })), percentage.transform((share) => ({ share }))],
  { error: limitForm },
);

export const budget = z
  .strictObject({
    total: limit.optional().describe('The whole, without a destroy before it'),
    milestones: z.record(kebabName, limit).default({}).describe('Milestones, as they are counted'),
    layers: z.record(layerName, limit).default({}).describe('Single layers, with their retries'),
  })
  .describe('How long a rebirth may take before its job fails')
  .transform(({ total, milestones, layers }): readonly Budget[] => [
    ...(total === undefined ? [] : [{ kind: 'total' as const, name: 'total', limit: total }]),
    ...Object.entries(milestones).map(([name, each]) => ({ kind: 'milestone' as const, name, limit: each })),
    ...Object.entries(layers).map(([name, each]) => ({ kind: 'layer' as const, name, limit: each })),
  ]);
