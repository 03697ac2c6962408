import { z } from 'zod';

const seconds = z.number().nonnegative();
const count = z.int().nonnegative();
const moment = z.iso.datetime();

export const drillVerdicts = ['good', 'failed', 'cancelled'] as const;
/** `unknown`: it was written, and nobody could look for it; `none`: the castle asks for no such row. */
export const rowVerdicts = ['found', 'missing', 'unknown', 'none'] as const;

const spread = z.object({
  p50: seconds,
  p95: seconds,
  max: seconds,
});

export const trendSchema = z.object({
  drills: count.describe(
    'Drills among the last ones, good or failed; what was cancelled, or had a fault put in, is none.',
  ),
  good: count,
  failedInARow: count.describe('Failed drills since the last good one.'),
  failingSince: moment.nullable().describe('When the first of these ended.'),
  lastGood: z
    .object({
      run: z.string(),
      ended: moment,
      rto: z.record(z.string(), seconds.nullable()),
      score: z.number(),
    })
    .nullable(),
  milestones: z.record(z.string(), spread).describe('Seconds from gone to the milestone, of the good ones.'),
  layers: z.record(z.string(), spread).describe('Seconds of each layer, of the good ones.'),
  mttrSeconds: seconds
    .nullable()
    .describe('From the end of a first failed drill to the end of the next good one, on average.'),
  flakeRate: z.number().min(0).max(1).nullable().describe('The share of the drills with a flake.'),
  strange: count.describe('Lines of the history that are none of this castle, or cannot be read.'),
});

/** What a drill says of itself, in the report. */
export const drillSchema = z.object({
  verdict: z
    .enum(drillVerdicts)
    .describe('good: destroyed, reborn, and nothing that was proved of it failed.'),
  why: z.array(z.string()).describe('What it is not good for; empty where it is.'),
  gone: moment
    .nullable()
    .describe(
      'From when on the castle was gone, which every RTO counts from; null where nothing was destroyed.',
    ),
  resumed: z.boolean().describe('An earlier run had destroyed it: the time between the two counts.'),
  firstBirthSeconds: seconds
    .nullable()
    .describe('Of a box, where nothing stands before: how long it took to raise what was then destroyed.'),
  destroySeconds: seconds,
  rto: z
    .record(z.string(), seconds.nullable())
    .describe('By milestone, seconds from gone; null where not reached.'),
  rpoSeconds: seconds
    .nullable()
    .describe(
      'Seconds before gone whose rows may be lost; null where there is no database, or nothing is proved.',
    ),
  witness: z.object({
    a: z.enum(rowVerdicts).describe('The row that the backup has.'),
    b: z.enum(rowVerdicts).describe('The row that only the archived WAL has.'),
    reason: z.string(),
  }),
  layers: z.record(z.string(), seconds).describe('Seconds by layer of the rebirth.'),
  retries: count,
  restarts: count
    .nullable()
    .describe('Processes of the box that were started again; null where none are counted.'),
  flakes: z.array(z.object({ name: z.string(), what: z.string() })),
  targets: z.object({ met: count, of: count }),
  leaks: count.nullable().describe('null where nothing was looked at.'),
  unattributedShare: z.number().min(0).max(1),
  faults: z.array(z.string()).describe('Faults that were put in on purpose.'),
  score: z.int().min(0).max(100),
  parts: z
    .array(z.object({ part: z.string(), points: z.number(), of: z.number(), why: z.string() }))
    .describe('What the score is made of; what the castle has not is not in it.'),
  streak: count
    .nullable()
    .describe('Good drills in a row, with this one; null where no history could be read.'),
  trend: trendSchema
    .nullable()
    .describe('This one and those before it; null where no history could be read.'),
});

export type Drill = z.infer<typeof drillSchema>;
export type Trend = z.infer<typeof trendSchema>;
