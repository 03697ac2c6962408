import { resolve } from 'node:path';
import { setSecret, warning } from '@actions/core';
import { listenForCancellation } from './cancellation.ts';
import type { CommandResult } from './commands/result.ts';
import { runCommand } from './commands/run.ts';
import type { Edge } from './edge.ts';
import { exitCodes, explain, toPhoenixError } from './errors.ts';
import { handOverPage, handOverParts } from './github/hand-over.ts';
import { readInputs } from './inputs.ts';
import { lastLook } from './last-look.ts';
import type { Log } from './log.ts';
import { createLog } from './log.ts';
import {
  annotateCautions,
  annotateErrors,
  annotateFindings,
  writeFailure,
  writeOutputs,
  writeResult,
} from './outputs.ts';
import type { Request } from './request.ts';
import { saveHandedOver, saveRun } from './state.ts';
import { leakError } from './vault/leak-error.ts';
import { recordPrinted } from './vault/printed.ts';
import { createRedactor } from './vault/redact.ts';

/** The Action's main step. Sets the exit code; every way out says why. */
export async function main(world: Pick<Edge, 'env' | 'cwd' | 'home' | 'self'>): Promise<void> {
  const redactor = createRedactor(setSecret);
  const redact = (text: string) => redactor.redact(text);
  using printed = recordPrinted([process.stdout, process.stderr]);
  const log = actionLog(world.env, redact);
  using cancellation = listenForCancellation((text) => log.warn(text));
  try {
    const request = readInputs();
    const edge = {
      ...world,
      log,
      redactor,
      printed,
      signal: cancellation.signal,
      fetch: globalThis.fetch,
      onRun: saveRun,
      onCancel: 'hand-over' as const,
    };
    leaveInTime(cancellation.signal, log);
    const result = await runCommand(request, edge);
    process.stdout.write(`${redact(result.text({ color: false, width: 120 }))}\n`);
    if (result.report !== undefined) {
      await writeOutputs(result.report, { report: request.report, page: result.page }, redact);
      const file = resolve(world.cwd, request.report);
      const late = await lastLook(result.report, file, { env: world.env, secrets: redactor.secrets });
      if (late.length > 0) {
        await handOver(request, result, edge);
        throw leakError(late);
      }
    } else await writeResult(result, redact);
    if (!cancellation.signal.aborted) await handOver(request, result, edge);
    annotateCautions(result.cautions ?? [], redact);
    annotateFindings(result.findings ?? [], redact);
    if (result.exitCode === 0 && !cancellation.signal.aborted) return;
    // Their words stand in the text above already; setFailed would make a second annotation of them.
    annotateErrors(result.errors ?? (result.error === undefined ? [] : [result.error]), redact);
    process.exitCode = result.exitCode;
    // Nothing is waited for: what is under way is on record, and the post step goes on with it.
    if (cancellation.signal.aborted) process.exit();
  } catch (thrown) {
    const error = toPhoenixError(thrown);
    log.error(explain(error));
    annotateErrors([error], redact);
    writeFailure(error);
    process.exitCode = error.exitCode;
  }
}

/**
 * The verdict of a job that has changed something stands, whatever comes of it: the job that joins the reports misses this
 * one and says so. A plan has changed nothing yet, and without it nothing could be joined.
 */
async function handOver(request: Request, result: CommandResult, edge: Edge): Promise<void> {
  try {
    if (await handOverParts(request, result, edge)) saveHandedOver();
  } catch (thrown) {
    if (request.command === 'plan') throw thrown;
    warning(edge.redactor.redact(explain(toPhoenixError(thrown))));
  }
  const { page, report } = result;
  if (page === undefined || report === undefined) return;
  const { castle } = report;
  await handOverPage(resolve(edge.cwd, page), { castle, command: request.command }, edge).catch(
    (thrown: unknown) => warning(edge.redactor.redact(explain(toPhoenixError(thrown)))),
  );
}

/** The runner kills this process ten seconds after it asked it to stop; whatever hangs, it is gone long before. */
const leaveWithinMs = 1_700;

function leaveInTime(cancelled: AbortSignal, log: Log): void {
  cancelled.addEventListener(
    'abort',
    () => {
      setTimeout(() => {
        log.warn('Stopped without waiting any longer; the post step cleans up and reports.');
        process.exit(exitCodes.cancelled);
      }, leaveWithinMs);
    },
    { once: true },
  );
}

export function actionLog(env: NodeJS.ProcessEnv, redact: (text: string) => string): Log {
  return createLog({
    out: process.stdout,
    color: false,
    quiet: false,
    debug: env['RUNNER_DEBUG'] === '1',
    redact,
  });
}
