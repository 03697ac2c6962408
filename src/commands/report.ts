import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { type Castle, loadCastle } from '../castle/load.ts';
import { watchDrills } from '../drill/dead-man.ts';
import { drillOf } from '../drill/figures.ts';
import { withTrend } from '../drill/judge.ts';
import { badgeFiles, tellIssue } from '../drill/record.ts';
import type { Edge } from '../edge.ts';
import { messageOf, PhoenixError, toPhoenixError } from '../errors.ts';
import { jobToken, openGitHub } from '../github/api.ts';
import { takeParts } from '../github/artifacts.ts';
import { keepHistory, readHistory } from '../github/history.ts';
import { runJobs } from '../github/run-jobs.ts';
import { inScratch } from '../github/scratch.ts';
import { budgetError, withJudgement } from '../insight/judge.ts';
import { samplesIn } from '../insight/sample.ts';
import { rememberDurations, rememberedRuns } from '../rebirth/durations.ts';
import { keepPage } from '../report/page/keep.ts';
import { type Past, readPast } from '../report/page/past.ts';
import { type Parts, readParts } from '../report/parts.ts';
import type { Report } from '../report/schema.ts';
import { renderTerminal } from '../report/terminal.ts';
import { exitCodeOf, wholeReport } from '../report/whole.ts';
import { writeReport } from '../report/write.ts';
import type { Request } from '../request.ts';
import type { CommandResult } from './result.ts';

/**
 * Joins the reports of a workflow run's jobs into one: one ledger, one verdict; a rebirth in one job has that already.
 * With `history` it is kept on a branch too. Asks for no secret.
 */
export async function report(request: Request, edge: Edge): Promise<CommandResult> {
  const castle = await loadCastle(resolve(edge.cwd, request.castle || 'phoenix.yaml'));
  if (request['dead-man']) return watchDrills(castle, edge, request.history);
  const parts = await partsOf(castle, request, edge);
  for (const file of parts.strange)
    edge.log.warn(`${file} is no report of a part of ${castle.name}; left out`);
  const run = edge.env['GITHUB_RUN_ID'] ?? randomUUID();
  const whole = wholeReport(parts, {
    castle: castle.name,
    run,
    results: request.results,
    unattributedLimit: castle.report.unattributed,
    jobs: parts.plan === undefined ? [] : await runJobs(edge),
    redact: (text) => edge.redactor.redact(text),
  });
  const before = request.history ? await historyOf(castle, edge) : undefined;
  const drilled: Report = request.drill
    ? { ...whole, drill: withTrend(whole, whole.drill ?? drillOf(whole, { faults: [] }), before) }
    : whole;
  const joined =
    before === undefined
      ? withJudgement(castle, drilled, await rememberedRuns(castle, edge), 'machine')
      : withJudgement(castle, drilled, samplesIn(before), 'branch');
  const over = budgetError(joined);
  await rememberDurations(castle, joined, edge);
  const troubles = [await writeReport(resolve(edge.cwd, request.report), joined)];
  let past: Past = { runs: [] };
  if (request.history) {
    const kept = await keep(castle, joined, edge);
    troubles.push(kept.trouble);
    past = kept.past;
  }
  let pageless: PhoenixError | undefined;
  if (request.page !== '') {
    const file = resolve(edge.cwd, request.page);
    pageless = await keepPage(file, { report: joined, past, cautions: [] }, edge.redactor.secrets);
    troubles.push(pageless);
  }
  const cautions = request.drill && castle.drill.issue ? await tell(castle, joined, edge, before ?? '') : [];
  const [trouble] = troubles.filter((each) => each !== undefined);
  if (trouble !== undefined) edge.log.warn(`${trouble.what} ${trouble.why} ${trouble.next}`);
  const [first] = [over, trouble].filter((each) => each !== undefined);
  return {
    exitCode: exitCodeOf(joined) || (first?.exitCode ?? 0),
    json: joined,
    text: (options) => renderTerminal(joined, options),
    report: joined,
    ...(request.page !== '' && pageless === undefined ? { page: request.page } : {}),
    cautions,
    ...(first === undefined ? {} : { error: first }),
  };
}

interface Kept {
  readonly trouble: PhoenixError | undefined;
  /** The castle's runs as the branch has them, for the page's trend. */
  readonly past: Past;
}

/** What came of it stands beside the verdict: a castle that is reborn is, also where nobody can write that down. */
async function keep(castle: Castle, joined: Report, edge: Edge): Promise<Kept> {
  try {
    const github = await openGitHub(edge, jobToken(edge.env));
    const lines = await keepHistory(github, castle.report.history, joined, (all) =>
      joined.drill === undefined ? [] : badgeFiles(castle, all),
    );
    return { trouble: undefined, past: { runs: readPast(edge.redactor.redact(lines), castle.name) } };
  } catch (thrown) {
    const trouble = toPhoenixError(thrown);
    const missing = edge.redactor.redact(`the branch ${castle.report.history}: ${trouble.why}`);
    return { trouble, past: { runs: [], missing } };
  }
}

/** The history before this run; undefined where it cannot be read, which the report then says. */
async function historyOf(castle: Castle, edge: Edge): Promise<string | undefined> {
  try {
    const github = await openGitHub(edge, jobToken(edge.env));
    return await readHistory(github, castle.report.history, castle.name);
  } catch (thrown) {
    edge.log.warn(`the drills before could not be read: ${toPhoenixError(thrown).why}`);
    return undefined;
  }
}

/** The issue is a word about the verdict and no part of it. */
async function tell(castle: Castle, joined: Report, edge: Edge, lines: string): Promise<string[]> {
  try {
    await tellIssue(castle, joined, edge, lines);
    return [];
  } catch (thrown) {
    const { what, why, next } = toPhoenixError(thrown);
    edge.log.warn(`${what} ${why} ${next}`);
    return [`${what} ${why} ${next}`];
  }
}

async function partsOf(castle: Castle, { reports }: Request, edge: Edge): Promise<Parts> {
  if (reports !== '') {
    const folder = resolve(edge.cwd, reports);
    return readParts(folder, castle.name).catch((cause: unknown) => {
      throw unreadable(reports, cause);
    });
  }
  if (edge.env['GITHUB_ACTIONS'] !== 'true') throw noFolder();
  return inScratch(edge.env, async (folder) => {
    const lost = await takeParts(castle.name, folder);
    for (const { part, why } of lost) edge.log.warn(`the report of ${part} could not be fetched: ${why}`);
    return readParts(folder, castle.name);
  });
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
