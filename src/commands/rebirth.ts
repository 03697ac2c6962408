import { resolve } from 'node:path';
import { type Castle, loadCastle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { refuseForeignJobs } from '../identity/policy.ts';
import { assertStore } from '../rebirth/claim-gate.ts';
import { conduct } from '../rebirth/conduct.ts';
import { supported } from '../rebirth/milestones.ts';
import { createProgress, type Progress, verdictOf } from '../rebirth/progress.ts';
import { buildReport } from '../report/build.ts';
import { createLedger, epochClock, type Ledger } from '../report/ledger.ts';
import type { Report } from '../report/schema.ts';
import { renderTerminal } from '../report/terminal.ts';
import { writeReport } from '../report/write.ts';
import type { Request } from '../request.ts';
import type { CommandResult } from './result.ts';

/** The protocol in one job: login → vault → layers by their graph with gates → verify → report. */
export async function rebirth(request: Request, edge: Edge): Promise<CommandResult> {
  // The clock starts with the process: loading this program is a part of what the user waits for.
  const ledger = createLedger(epochClock, new Date(performance.timeOrigin), performance.timeOrigin);
  ledger.record('start-up', 'phase', performance.timeOrigin, epochClock());
  const castle = await ledger.span('castle', 'phase', () =>
    loadCastle(resolve(edge.cwd, request.castle || 'phoenix.yaml')),
  );
  await refuseForeignJobs(edge.env, castle);
  for (const check of castle.milestones.flatMap(({ all }) => all)) supported(check, castle);
  if (castle.claim !== undefined) assertStore(castle);

  const progress = createProgress();
  await conduct(castle, request, edge, ledger, progress);
  const report = reportOf(castle, ledger, progress, edge);
  const unwritten = await writeReport(resolve(edge.cwd, request.report), report);
  if (unwritten !== undefined) edge.log.warn(`${unwritten.what} ${unwritten.why} ${unwritten.next}`);
  const error =
    progress.failures[0]?.error ?? (unwritten && report.verdict === 'reborn' ? undefined : unwritten);
  return {
    exitCode: report.verdict === 'reborn' ? 0 : (error?.exitCode ?? 1),
    json: report,
    text: (options) => renderTerminal(report, options),
    report,
    ...(error === undefined ? {} : { error }),
    errors: progress.failures.map((failure) => failure.error),
  };
}

function reportOf(castle: Castle, ledger: Ledger, progress: Progress, edge: Edge): Report {
  return buildReport({
    run: progress.run,
    castle: castle.name,
    mode: castle.box ? 'rehearsal' : 'job',
    verdict: verdictOf(progress),
    startedAt: ledger.startedAt,
    wallSeconds: ledger.seconds(),
    spans: ledger.snapshot(),
    layers: [...progress.layers.values()].toSorted(
      (a, b) => (a.ran?.from ?? Infinity) - (b.ran?.from ?? Infinity),
    ),
    gates: [...progress.gates.values()],
    milestones: [...progress.milestones.values()],
    leaks: progress.leaks,
    versions: progress.versions,
    failures: progress.failures,
    standIns: progress.standIns,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    unattributedLimit: castle.report.unattributed,
    redact: (text) => edge.redactor.redact(text),
  });
}
