import { z } from 'zod';

/** What other parts of a plan put into its JSON; what has another form is left out. */
export const planExtras = z.object({
  mode: z.enum(['job', 'matrix']).optional().catch(undefined),
  stages: z
    .array(z.array(z.object({ name: z.string() })))
    .optional()
    .catch(undefined),
  forecast: z
    .object({
      source: z.enum(['history', 'none']),
      criticalPath: z.array(z.string()),
      criticalPathSeconds: z.number(),
      jobSeconds: z.number(),
      matrixSeconds: z.number(),
    })
    .optional()
    .catch(undefined),
  affected: z
    .object({
      reason: z.string(),
      layers: z.array(z.object({ name: z.string(), because: z.union([z.string(), z.array(z.string())]) })),
      removed: z.array(z.object({ name: z.string() })),
      gitops: z.boolean(),
    })
    .optional()
    .catch(undefined),
});

export type PlanExtras = z.infer<typeof planExtras>;
