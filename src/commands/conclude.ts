import { resolve } from 'node:path';
import type { Castle } from '../castle/load.ts';
import { notGood } from '../drill/judge.ts';
import { pastOf } from '../drill/past.ts';
import type { Drill } from '../drill/schema.ts';
import type { Edge } from '../edge.ts';
import { budgetError, withJudgement } from '../insight/judge.ts';
import { sendTrace } from '../otel/send.ts';
import { rememberDurations, rememberedRuns } from '../rebirth/durations.ts';
import { kindOf } from '../rebirth/kind.ts';
import { noteFailure, type Progress, verdictOf } from '../rebirth/progress.ts';
import { leaksInReport, withheld } from '../report/audit.ts';
import { buildReport } from '../report/build.ts';
import type { Ledger } from '../report/ledger.ts';
import { keepPage } from '../report/page/keep.ts';
import { renderPage } from '../report/page/render.ts';
import type { Report } from '../report/schema.ts';
import { renderTerminal } from '../report/terminal.ts';
import { writeReport } from '../report/write.ts';
import type { Request } from '../request.ts';
import { leakCode, leakError } from '../vault/leak-error.ts';
import type { CommandResult } from './result.ts';

/** Writes the report of a run that changed something, and says how it ended. `drilled` gives the figures of a drill. */
export async function concludeRun(
  castle: Castle,
  request: Request,
  edge: Edge,
  ledger: Ledger,
  progress: Progress,
  drilled?: (report: Report) => Promise<Drill>,
): Promise<CommandResult> {
  const { secrets } = edge.redactor;
  let report = reportOf(castle, request, ledger, progress, edge);
  // Behind the first report, whose clock must not count it.
  const before = await rememberedRuns(castle, edge);
  const judged = (each: Report) => withJudgement(castle, each, before, 'machine');
  let figures = await drilled?.(report);
  if (figures?.verdict === 'failed' && progress.failures.length === 0) {
    noteFailure(progress, 'drill', notGood(castle.name, figures.why));
    report = reportOf(castle, request, ledger, progress, edge);
  }
  report = judged({ ...report, ...(figures === undefined ? {} : { drill: figures }) });
  const cautions = progress.cautions.map((caution) => edge.redactor.redact(caution));
  const wanted = request.page !== '';
  const past = wanted
    ? await pastOf(castle, edge, { drill: drilled !== undefined, branch: request.history })
    : { runs: [] };
  const page = wanted ? renderPage({ report, past, cautions }) : undefined;
  const found = leaksInReport(report, secrets, page);
  if (found.length > 0) {
    const told = progress.failures.some(({ error }) => error.code === leakCode);
    progress.leaks = { ...progress.leaks, found: [...progress.leaks.found, ...found] };
    if (!told) noteFailure(progress, 'leaks', leakError(found));
    report = reportOf(castle, request, ledger, progress, edge);
    figures = await drilled?.(report);
    report = withheld(judged({ ...report, ...(figures === undefined ? {} : { drill: figures }) }), secrets);
  }
  const unwritten = await writeReport(resolve(edge.cwd, request.report), report);
  const pageless = wanted
    ? await keepPage(resolve(edge.cwd, request.page), { report, past, cautions }, secrets)
    : undefined;
  for (const trouble of [unwritten, pageless])
    if (trouble !== undefined) edge.log.warn(`${trouble.what} ${trouble.why} ${trouble.next}`);
  const unsent = await sendTrace(report, edge.env, edge.fetch, (text) => edge.redactor.redact(text));
  if (unsent !== undefined) {
    edge.log.warn(unsent);
    progress.cautions.push(unsent);
  }
  // One with a fault put in shows what it was meant to show.
  if (request.fault.length === 0) await rememberDurations(castle, report, edge);
  const over = budgetError(report);
  const error =
    progress.failures[0]?.error ??
    over ??
    (unwritten && report.verdict === progress.good ? undefined : unwritten);
  return {
    exitCode: report.verdict === progress.good ? (over?.exitCode ?? 0) : (error?.exitCode ?? 1),
    json: report,
    text: (options) => renderTerminal(report, options),
    report,
    ...(wanted && pageless === undefined ? { page: request.page } : {}),
    ...(error === undefined ? {} : { error }),
    errors: [...progress.failures.map((failure) => failure.error), ...(over === undefined ? [] : [over])],
    cautions: progress.cautions,
  };
}

function reportOf(castle: Castle, request: Request, ledger: Ledger, progress: Progress, edge: Edge): Report {
  return buildReport({
    run: progress.run,
    castle: castle.name,
    ...kindOf(request, castle),
    verdict: verdictOf(progress),
    startedAt: ledger.startedAt,
    wallSeconds: ledger.seconds(),
    spans: ledger.snapshot(),
    layers: [...progress.layers.values()].toSorted(
      (a, b) => (a.ran?.from ?? Infinity) - (b.ran?.from ?? Infinity),
    ),
    gates: [...progress.gates.values()],
    milestones: [...progress.milestones.values()],
    probes: [...progress.probes.values()],
    ...(progress.machines === undefined ? {} : { machines: progress.machines }),
    leaks: progress.leaks,
    ...(progress.identity === undefined ? {} : { identity: progress.identity }),
    ...(progress.affected === undefined ? {} : { affected: progress.affected }),
    ...(progress.witness === undefined ? {} : { witness: progress.witness }),
    ...(progress.database === undefined ? {} : { database: progress.database }),
    ...(progress.leftovers === undefined ? {} : { leftovers: progress.leftovers }),
    ...(progress.fromNothing === undefined ? {} : { fromNothing: progress.fromNothing }),
    versions: progress.versions,
    failures: progress.failures,
    standIns: progress.standIns,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    unattributedLimit: castle.report.unattributed,
    redact: (text) => edge.redactor.redact(text),
  });
}
