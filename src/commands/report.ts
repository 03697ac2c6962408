import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Castle, loadCastle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { exitCodes, messageOf, PhoenixError } from '../errors.ts';
import { takeParts } from '../github/artifacts.ts';
import { mergeReports } from '../report/merge.ts';
import { type Parts, readParts } from '../report/parts.ts';
import type { Report } from '../report/schema.ts';
import { renderTerminal } from '../report/terminal.ts';
import { writeReport } from '../report/write.ts';
import type { Request } from '../request.ts';
import type { CommandResult } from './result.ts';

/** Joins the reports of a matrix' jobs into one: one ledger, one verdict. Asks for no secret. */
export async function report(request: Request, edge: Edge): Promise<CommandResult> {
  const castle = await loadCastle(resolve(edge.cwd, request.castle || 'phoenix.yaml'));
  const parts = await partsOf(castle, request, edge);
  for (const file of parts.strange)
    edge.log.warn(`${file} is no report of a leg of ${castle.name}; left out`);
  if (parts.plan === undefined) throw noPlan(castle.name);
  const run = edge.env['GITHUB_RUN_ID'] ?? randomUUID();
  const merged = mergeReports(parts.plan, parts, run, castle.report.unattributed);
  const unwritten = await writeReport(resolve(edge.cwd, request.report), merged);
  if (unwritten !== undefined) edge.log.warn(`${unwritten.what} ${unwritten.why} ${unwritten.next}`);
  const exitCode = exitCodeOf(merged);
  return {
    exitCode: exitCode === 0 && unwritten !== undefined ? unwritten.exitCode : exitCode,
    json: merged,
    text: (options) => renderTerminal(merged, options),
    report: merged,
    ...(unwritten === undefined ? {} : { error: unwritten }),
  };
}

async function partsOf(castle: Castle, { reports }: Request, edge: Edge): Promise<Parts> {
  if (reports !== '') {
    const folder = resolve(edge.cwd, reports);
    return readParts(folder, castle.name).catch((cause: unknown) => {
      throw unreadable(reports, cause);
    });
  }
  if (edge.env['GITHUB_ACTIONS'] !== 'true') throw noFolder();
  const folder = await mkdtemp(join(edge.env['RUNNER_TEMP'] ?? tmpdir(), 'phoenix-parts-'));
  try {
    await takeParts(castle.name, folder, edge);
    return await readParts(folder, castle.name);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** By what went wrong, as the jobs themselves exit. */
function exitCodeOf({ verdict, leaks, layers, gates, failures }: Report): number {
  if (verdict === 'reborn') return 0;
  if (verdict === 'cancelled') return exitCodes.cancelled;
  if (leaks.found.length > 0) return exitCodes.vault;
  if (layers.some((layer) => layer.verdict === 'failed')) return exitCodes.layer;
  if (gates.some((gate) => gate.verdict === 'failed')) return exitCodes.cluster;
  return failures.every(({ code }) => code === 'PHX-REPORT-LEG') ? exitCodes.report : exitCodes.verify;
}

function noFolder(): PhoenixError {
  return new PhoenixError({
    code: 'PHX-REPORT-PARTS',
    class: 'input',
    what: 'There is nothing to join.',
    why: 'Outside GitHub Actions the reports of the legs must be in a folder, and none is named.',
    next: 'Give --reports FOLDER with the plan and the reports of the legs.',
  });
}

function unreadable(folder: string, cause: unknown): PhoenixError {
  return new PhoenixError({
    code: 'PHX-REPORT-PARTS',
    class: 'input',
    what: `The folder ${folder} cannot be read.`,
    why: messageOf(cause),
    next: 'Give --reports the folder with the plan and the reports of the legs.',
  });
}

function noPlan(castle: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-REPORT-PLAN',
    class: 'report',
    what: `There is no plan of ${castle} among the reports.`,
    why: 'Without it nobody can tell which legs there should be, so no verdict would be worth anything.',
    next: 'See the job `plan` of this workflow run: it hands its plan over when its mode is `matrix`.',
  });
}
