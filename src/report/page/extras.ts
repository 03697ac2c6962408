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

const orNull = z.number().nonnegative().nullish().catch(undefined);

const drill = z.object({
  verdict: z.string().catch(''),
  why: z.array(z.string()).catch([]),
  score: orNull,
  parts: z
    .array(z.object({ part: z.string(), points: z.number(), of: z.number(), why: z.string() }))
    .catch([]),
  streak: orNull,
  rto: z.record(z.string(), z.number().nonnegative().nullable()).catch({}),
  rpoSeconds: orNull,
  witness: z.object({ a: z.string(), b: z.string(), reason: z.string() }).optional().catch(undefined),
  flakes: z.array(z.object({ name: z.string(), what: z.string() })).catch([]),
  faults: z.array(z.string()).catch([]),
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
