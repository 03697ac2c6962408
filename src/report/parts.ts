import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../json.ts';
import { type Report, reportSchema } from './schema.ts';

/** What the plan of a matrix leaves for the report: which legs there must be, and when it was made. */
export const planPartSchema = z.object({
  schema: z.literal('phoenix.plan/v1'),
  castle: z.string(),
  started: z.iso.datetime(),
  ended: z.iso.datetime(),
  stages: z.array(z.array(z.object({ name: z.string(), layers: z.string() }))),
  /** Layers and gates with what each waits for, also in another leg. */
  steps: z.array(
    z.object({ name: z.string(), kind: z.enum(['layer', 'gate']), dependencies: z.array(z.string()) }),
  ),
});

export type PlanPart = z.infer<typeof planPartSchema>;

/** The parts of one workflow run. */
export interface Parts {
  readonly plan: PlanPart | undefined;
  readonly legs: readonly Report[];
  readonly verify: Report | undefined;
  /** The report of a rebirth in one job. */
  readonly whole: Report | undefined;
  /** Files of the folder that are no part of a run of this castle, or cannot be read. */
  readonly strange: readonly string[];
}

/** Reads every JSON file below `folder`, whatever its name. Throws where the folder cannot be listed. */
export async function readParts(folder: string, castle: string): Promise<Parts> {
  const legs: Report[] = [];
  const strange: string[] = [];
  let plan: PlanPart | undefined;
  let verify: Report | undefined;
  let whole: Report | undefined;
  const files = await readdir(folder, { recursive: true });
  for (const file of files.filter((name) => name.endsWith('.json')).sort()) {
    const value = parseJson(await readFile(join(folder, file), 'utf8').catch(() => ''));
    const planned = planPartSchema.safeParse(value);
    const report = reportSchema.safeParse(value);
    if (planned.success && planned.data.castle === castle) plan = planned.data;
    else if (!report.success || report.data.castle !== castle) strange.push(file);
    else if (report.data.command === 'layers') legs.push(report.data);
    else if (report.data.command === 'verify') verify = report.data;
    else if (report.data.command === undefined) whole = report.data;
    else strange.push(file);
  }
  return { plan, legs, verify, whole, strange };
}
