import { z } from 'zod';
import { path } from './units.ts';

/** How the drills of a castle are kept, and who is told of them. */
export interface DrillSettings {
  /** How old the last good drill may be. */
  readonly everySeconds: number;
  /** The folder with the history of the drills; absolute. Where absent, the castle's own folder on this machine. */
  readonly historyDir?: string;
  /** Whether a failed drill opens an issue. */
  readonly issue: boolean;
  /** The file for Prometheus' textfile collector; absolute. */
  readonly metrics?: string;
}

const everyForm = 'a time from 1h to 400d, such as `26h` or `8d`';

/** `26h`, `8d` → seconds. */
const every = z
  .string({ error: everyForm })
  .regex(/^[1-9]\d{0,3}[hd]$/, everyForm)
  .transform((text) => Number.parseInt(text, 10) * (text.endsWith('d') ? 24 : 1) * 3600)
  .refine((seconds) => seconds <= 400 * 24 * 3600, everyForm);

const metricsForm = 'a file whose name ends in `.prom`, for the collector reads no other';

export const drill = z
  .strictObject({
    every: every.prefault('26h').describe('How old the last good drill may be'),
    history: z
      .strictObject({ dir: path.describe('Folder that keeps the history of the drills') })
      .optional()
      .describe('Where the history of the drills is kept beside the branch'),
    issue: z.boolean().default(false).describe('Whether a drill that fails opens an issue'),
    metrics: path
      .regex(/\.prom$/, metricsForm)
      .optional()
      .describe("File for Prometheus' textfile collector, ending in `.prom`"),
  })
  .describe('Drills: the proof that the castle would come back')
  .transform(
    ({ every, history, issue, metrics }): DrillSettings => ({
      everySeconds: every,
      issue,
      ...(history === undefined ? {} : { historyDir: history.dir }),
      ...(metrics === undefined ? {} : { metrics }),
    }),
  );
