import { join, resolve } from 'node:path';
import { setFailed, setSecret, warning } from '@actions/core';
import type { Edge } from './edge.ts';
import { explain, messageOf, toPhoenixError } from './errors.ts';
import { handOverPage, handOverReport } from './github/hand-over.ts';
import { readTimed } from './journal/durations.ts';
import { isOver, type RunRecord, readRun } from './journal/record.ts';
import { dirStore } from './lease/dir.ts';
import { adoptLease, partOf } from './lease/lease.ts';
import type { Owner } from './lease/record.ts';
import type { LeaseStore } from './lease/store.ts';
import { holdersIn } from './lease/watch.ts';
import { thisProcess } from './lease/who.ts';
import type { Log } from './log.ts';
import { actionLog } from './main.ts';
import { writeAftermath } from './outputs.ts';
import { keepPage } from './report/page/keep.ts';
import type { Report } from './report/schema.ts';
import { readReport, settleReport } from './settle/report.ts';
import { type Settled, settleRun } from './settle/run.ts';
import { savedRun, wasHandedOver } from './state.ts';
import { leakCode, leakError } from './vault/leak-error.ts';
import { stillOpen } from './vault/open.ts';
import { createRedactor, type Redactor } from './vault/redact.ts';
import { sweptRoots } from './vault/root.ts';
import { sweepVaults } from './vault/sweep.ts';

/**
 * What the runner leaves a cancelled job in all, in seconds: it kills the worker 15 s before the server's 5 minutes are
 * over. PHOENIX_CANCEL_BUDGET says otherwise for a forge that does.
 */
const cancelBudgetSeconds = 285;
/** Of that, what is left for the runner to upload logs and close the job. */
const marginSeconds = 20;
/** A main that was killed without a word was asked to stop this long before. */
const ladderSeconds = 10;

/** The clean-up after main, however main ended; then what other runs left on the machine. Any failure shows. */
export async function post({ env, cwd, self }: Pick<Edge, 'env' | 'cwd' | 'self'>): Promise<void> {
  const redactor = createRedactor(setSecret);
  const log = actionLog(env, (text) => redactor.redact(text));
  try {
    await settleOwn({ env, cwd, self }, log, redactor);
  } catch (thrown) {
    setFailed(redactor.redact(`post: could not clean up after the run: ${messageOf(thrown)}`));
  }
  await sweepOthers(env, log, redactor);
}

/** What other runs left: told as a warning where it stays, for this job has done its own work. */
async function sweepOthers(env: NodeJS.ProcessEnv, log: Log, redactor: Redactor): Promise<void> {
  try {
    await sweepVaults(await sweptRoots(env), (dir, how) =>
      log.warn(`wiped the vault ${dir} of a run that died${how === 'lazy' ? `; ${stillOpen}` : ''}`),
    );
  } catch (thrown) {
    const { what, why, next } = toPhoenixError(thrown);
    warning(redactor.redact(`post: what another run left stays. ${what} ${why} ${next}`));
  }
}

/** Goes on with the work of a main that was cancelled or killed; a run that ended in order has left nothing. */
async function settleOwn(
  world: Pick<Edge, 'env' | 'cwd' | 'self'>,
  log: Log,
  redactor: Redactor,
): Promise<void> {
  const { env } = world;
  const dir = savedRun();
  const record = dir === undefined ? undefined : await readRun(dir);
  if (record === undefined) return;
  if (isOver(record)) return handOverLate(record, world, log);
  const home = join(record.dir, '..', '..');
  const me = await thisProcess();
  const store = dirStore(join(home, 'lease'));
  const lease = await adoptLease(store, record.begin.run, me, { log }).catch((thrown: unknown) => {
    log.warn(`the castle's lease could not be taken over: ${messageOf(thrown)}`);
    return undefined;
  });
  if (lease === undefined && (await isCaredFor(record, store, me))) {
    log.warn('Another run on this machine has the castle by now; it cleans up after this one.');
    return;
  }
  const settled = await settleRun(record, {
    by: 'post',
    home,
    log,
    redactor,
    signal: new AbortController().signal,
    fetch: globalThis.fetch,
    env,
    until: endOfBudget(record, env),
    interrupt: 'at-once',
  });
  const report = await reportOn(record, settled, world, log, redactor);
  // An engine that still runs keeps the castle: its lease stays with this dead run, and the next one waits for it.
  if (settled.handedOn.length === 0) await lease?.release();
  else lease?.leave();
  for (const trouble of settled.troubles) setFailed(`post: ${trouble}`);
  if (report?.error?.code === leakCode)
    setFailed(redactor.redact(`${report.error.what} ${report.error.why}`));
  // A plan has no report that would tell.
  if (report === undefined && (settled.leaks?.found.length ?? 0) > 0)
    setFailed(redactor.redact(leakError(settled.leaks?.found ?? []).what));
}

/** Completes the run's report with what the clean-up found; undefined for a plan, which has none. */
async function reportOn(
  record: RunRecord,
  settled: Settled,
  { cwd, ...world }: Pick<Edge, 'env' | 'cwd' | 'self'>,
  log: Log,
  redactor: Redactor,
): Promise<Report | undefined> {
  const { reportFile, pageFile } = record.begin;
  if (reportFile === '') return undefined;
  const redact = (text: string) => redactor.redact(text);
  const report = await settleReport(record, settled, cwd, redactor);
  await writeAftermath(report, redact);
  if (pageFile !== undefined) {
    const past = { runs: [], timed: await readTimed(join(record.dir, '..', '..')).catch(() => []) };
    const pageless = await keepPage(pageFile, { report, past, cautions: [] }, redactor.secrets);
    if (pageless !== undefined) log.warn(redact(explain(pageless)));
    else await handOverLatePage(pageFile, report, world, log);
  }
  await handOverReport(report, resolve(cwd, reportFile), world).catch((thrown: unknown) =>
    log.warn(messageOf(thrown)),
  );
  return report;
}

/** A main that was cut off between its end and the hand-over of its report. */
async function handOverLate(
  { begin }: RunRecord,
  { cwd, ...world }: Pick<Edge, 'env' | 'cwd' | 'self'>,
  log: Log,
): Promise<void> {
  if (begin.reportFile === '' || wasHandedOver()) return;
  const file = resolve(cwd, begin.reportFile);
  const report = await readReport(file);
  if (report?.run !== begin.run) return;
  await handOverReport(report, file, world).catch((thrown: unknown) => log.warn(messageOf(thrown)));
  if (begin.pageFile !== undefined) await handOverLatePage(begin.pageFile, report, world, log);
}

async function handOverLatePage(
  file: string,
  { castle, command, drill }: Report,
  world: Pick<Edge, 'env' | 'self'>,
  log: Log,
): Promise<void> {
  const of = command ?? (drill === undefined ? 'rebirth' : 'drill');
  await handOverPage(file, { castle, command: of }, world).catch((thrown: unknown) =>
    log.warn(messageOf(thrown)),
  );
}

/**
 * Whether a run that can see this one's processes has taken over, or has the castle together with others: it settles
 * this one as it begins.
 */
async function isCaredFor(record: RunRecord, store: LeaseStore, me: Owner): Promise<boolean> {
  const now = await readRun(record.dir);
  if (now === undefined || isOver(now)) return true;
  const found = await store.read().catch(() => undefined);
  if (found === undefined || found.record.released !== null) return false;
  const part = partOf(found.record, record.begin.run);
  // Our own part is another's only where a leg beside us goes on with it.
  if (part !== undefined) {
    const { pid, startTime } = record.begin.owner;
    const ours = part.owner.pid === pid && part.owner.startTime === startTime;
    return found.record.members !== undefined && !ours;
  }
  return holdersIn(found).some(
    ({ owner: { bootId, pidSpace } }) => bootId === me.bootId && pidSpace === me.pidSpace,
  );
}

function endOfBudget({ cancelled }: RunRecord, env: NodeJS.ProcessEnv): number {
  const budget = Number(env['PHOENIX_CANCEL_BUDGET']) || cancelBudgetSeconds;
  const began = cancelled?.at ?? Date.now() - ladderSeconds * 1000;
  return began + (budget - marginSeconds) * 1000;
}
