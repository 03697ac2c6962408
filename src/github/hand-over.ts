import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { CommandResult } from '../commands/result.ts';
import type { Edge } from '../edge.ts';
import { type PlanPart, planPartSchema } from '../report/parts.ts';
import type { Report } from '../report/schema.ts';
import type { Request } from '../request.ts';
import { keepPageFile, keepPart } from './artifacts.ts';
import { inScratch } from './scratch.ts';

const { castle, stages, steps } = planPartSchema.shape;
const planned = z.object({ castle, stages, steps, mode: z.literal('matrix') });

/** What a job leaves for the job that joins them; false where there is nothing to leave. */
export async function handOverParts(
  request: Request,
  { json, report }: CommandResult,
  edge: Pick<Edge, 'env' | 'cwd'>,
): Promise<boolean> {
  if (request.command === 'report') return false;
  if (report !== undefined) return handOverReport(report, resolve(edge.cwd, request.report), edge);
  const plan = request.command === 'plan' ? planned.safeParse(json) : undefined;
  if (plan?.success !== true) return false;
  const { mode: _, ...parts } = plan.data;
  const part: PlanPart = {
    schema: 'phoenix.plan/v1',
    ...parts,
    started: new Date(performance.timeOrigin).toISOString(),
    ended: new Date().toISOString(),
  };
  await inScratch(edge.env, async (folder) => {
    const file = join(folder, 'plan.json');
    await writeFile(file, JSON.stringify(part));
    await keepPart(file, { castle: parts.castle, part: 'plan' }, edge);
  });
  return true;
}

/** The report of a rebirth, of a leg or of the verification, as its file stands now. */
export async function handOverReport(
  { castle, command, leg }: Report,
  file: string,
  edge: Pick<Edge, 'env'>,
): Promise<boolean> {
  // A rebirth is whole by itself: where the server takes no artifacts nothing is missing.
  const forItself = command === undefined && !edge.env['ACTIONS_RESULTS_URL'];
  if (command === 'claim' || command === 'destroy' || forItself) return false;
  const part = command === undefined ? 'rebirth' : command === 'verify' ? 'verify' : `leg-${leg ?? ''}`;
  await keepPart(file, { castle, part }, edge);
  return true;
}

/** The page, where there is one and a server that takes it. Nobody waits for it: a job that joins needs the report. */
export async function handOverPage(
  file: string,
  { castle, command }: { readonly castle: string; readonly command: string },
  edge: Pick<Edge, 'env' | 'self'>,
): Promise<void> {
  if (edge.env['ACTIONS_RESULTS_URL']) await keepPageFile(file, { castle, part: command }, edge);
}
