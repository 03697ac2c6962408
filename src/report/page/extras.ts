import { z } from 'zod';
import type { Report } from '../schema.ts';

const text = z.string().nullish().catch(undefined);
const figure = z.number().nonnegative().optional().catch(undefined);

const probe = z.object({
  name: z.string(),
  kind: z.string().catch(''),
  verdict: z.enum(['passed', 'failed', 'skipped']),
  seconds: figure,
  passes: figure,
  flaps: figure,
  reason: text,
  lastSeen: text,
});

const rung = z.object({ rung: z.string(), is: z.string(), seen: text, reason: text });

const drill = z.object({
  score: figure,
  streak: figure,
  rto: z.record(z.string(), z.number().nonnegative().nullable()).catch({}),
  rpoSeconds: figure,
});

/** Parts that only some castles have; one that is shaped in a way not known here is left out. */
const extrasSchema = z.object({
  probes: z.array(probe).optional().catch(undefined),
  database: z
    .object({ rungs: z.array(rung) })
    .optional()
    .catch(undefined),
  drill: drill.optional().catch(undefined),
});

export type Probe = z.output<typeof probe>;
export type Rung = z.output<typeof rung>;
export type Drill = z.output<typeof drill>;
export type Extras = z.output<typeof extrasSchema>;

export function extrasOf(report: Report): Extras {
  return extrasSchema.parse(report);
}
