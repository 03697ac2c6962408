import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../log.ts';
import { parseEngineLine, shownText } from './events.ts';
import { leafFileVariable, parseLeaves } from './launcher.ts';
import { createObserver, type Observation } from './observe.ts';
import { type Exit, type LayerProcess, startLayerProcess } from './process.ts';
import { tailFile } from './tail.ts';
import { applyArguments, parseTerragruntLine, readUnitReport, type UnitReport } from './terragrunt.ts';

/** One layer as it is run: files and names only, no secret values. */
export interface LayerJob {
  readonly name: string;
  /** The unit's folder. */
  readonly dir: string;
  /** The layer's partition of the vault: output, report and var files live there. */
  readonly partition: string;
  readonly varFiles: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly terragrunt: string;
  /** The engine itself (tofu or terraform), for the read-back. */
  readonly engine: string;
  /** The script Terragrunt is given as the engine; see launcher.ts. */
  readonly launcher: string;
  readonly timeoutSeconds: number;
  /** How long an interrupted engine may take to reach a safe point before it is killed. */
  readonly graceSeconds: number;
  /** Told when the process runs: the moment for work that would otherwise delay its start. */
  readonly onRunning?: () => void;
}

export type Ending = 'exited' | 'timed-out' | 'cancelled';

export interface Attempt {
  readonly exit: Exit;
  readonly ending: Ending;
  readonly report: UnitReport | undefined;
  readonly seen: Observation;
  /** The folder the engine ran in; undefined where it never started. */
  readonly engineDir: string | undefined;
  /** Epoch milliseconds. */
  readonly started: number;
  readonly ended: number;
}

/** Runs Terragrunt once for the unit; returns when its process group's leader is gone, however that came. */
export async function attemptLayer(
  job: LayerJob,
  number: number,
  log: Log,
  signal: AbortSignal,
): Promise<Attempt> {
  const file = (name: string) => join(job.partition, `${number}-${name}`);
  const [stdout, stderr, leaves, reportFile] = ['stdout.jsonl', 'stderr.jsonl', 'leaves', 'report.json'].map(
    file,
  ) as [string, string, string, string];
  const observer = createObserver();
  const started = Date.now();
  const process = await startLayerProcess({
    file: job.terragrunt,
    args: applyArguments({ unit: job.dir, reportFile, varFiles: job.varFiles }),
    cwd: job.dir,
    env: { ...job.env, TG_TF_PATH: job.launcher, [leafFileVariable]: leaves },
    stdout,
    stderr,
    leaves,
  });
  const tails = await Promise.all([
    tailFile(stdout, (line) => {
      const event = parseEngineLine(line);
      observer.event(event);
      const text = shownText(event);
      if (text !== undefined) log.from(job.name, text);
    }),
    tailFile(stderr, (line) => {
      const { level, text } = parseTerragruntLine(line);
      if (level === 'error' || level === 'stderr') observer.line(text);
      if (level === 'error') log.from(job.name, text);
    }),
  ]);
  job.onRunning?.();
  const { exit, ending } = await waitFor(process, job, log, signal);
  await process.endRest(job.graceSeconds, () => {
    log.warn(
      `${job.name}: Terragrunt is gone, but its engine still runs; it is asked to stop (up to ${job.graceSeconds} s).`,
    );
  });
  const ended = Date.now();
  await Promise.all(tails.map((tail) => tail.stop()));
  const engine = parseLeaves(await readFile(leaves, 'utf8').catch(() => ''));
  return {
    exit,
    ending,
    report: await readUnitReport(reportFile),
    seen: observer.seen,
    engineDir: engine.findLast(({ command }) => command === 'apply')?.dir,
    started,
    ended,
  };
}

async function waitFor(
  running: LayerProcess,
  job: LayerJob,
  log: Log,
  signal: AbortSignal,
): Promise<{ exit: Exit; ending: Ending }> {
  const timeout = AbortSignal.timeout(job.timeoutSeconds * 1000);
  const stop = AbortSignal.any([signal, timeout]);
  const first = await Promise.race([running.exited, aborted(stop)]);
  if (first !== 'aborted') return { exit: first, ending: 'exited' };
  const ending = signal.aborted ? 'cancelled' : 'timed-out';
  log.warn(
    `${job.name}: ${ending === 'cancelled' ? 'cancelled' : `not done after ${job.timeoutSeconds} s`}; ` +
      `its engine is asked to stop at the next safe point (up to ${job.graceSeconds} s).`,
  );
  await running.interrupt();
  const grace = AbortSignal.timeout(job.graceSeconds * 1000);
  const second = await Promise.race([running.exited, aborted(grace)]);
  if (second !== 'aborted') return { exit: second, ending };
  log.warn(
    `${job.name}: still running ${job.graceSeconds} s after the interrupt; it is killed, and its lock may stay.`,
  );
  running.kill();
  return { exit: await running.exited, ending };
}

function aborted(signal: AbortSignal): Promise<'aborted'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('aborted');
    else signal.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
}
