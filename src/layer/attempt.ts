import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { writeAnswers } from './answers.ts';
import { drain, endRest } from './drain.ts';
import { forbidStarts } from './engines.ts';
import { parseEngineLine, shownText } from './events.ts';
import { attemptFiles, type LayerJob } from './job.ts';
import { boundLines, usualBounds } from './lines.ts';
import { oomKills } from './memory.ts';
import { createObserver, type Observation } from './observe.ts';
import { type Exit, type LayerProcess, startLayerProcess } from './process.ts';
import { rotateAtBytesIn } from './rotate.ts';
import { describeStall, watchForStall } from './stall.ts';
import { markedEnvironment, marks } from './starter.ts';
import { tailFile } from './tail.ts';
import { applyArguments, parseTerragruntLine, readUnitReport, type UnitReport } from './terragrunt.ts';

/**
 * `handed-over`: the run is cancelled and gone, and the engine is still stopping. `orphaned`: the run died, and whoever
 * came after it reads what the attempt wrote; how its processes ended was told to nobody.
 */
export type Ending = 'exited' | 'timed-out' | 'stalled' | 'cancelled' | 'handed-over' | 'orphaned';

export interface Attempt {
  readonly exit: Exit;
  readonly ending: Ending;
  readonly report: UnitReport | undefined;
  readonly seen: Observation;
  /** Part of the output may be lost, since its files were cut short in a flood. */
  readonly lossy: boolean;
  /** Processes that the kernel killed for want of memory meanwhile; undefined where nobody counts them. */
  readonly oomKills: number | undefined;
  /** What the processes waited for, where the attempt stalled; lines for people. */
  readonly stall?: readonly string[];
  /** The folder the engine ran in; undefined where it never started. */
  readonly engineDir: string | undefined;
  /** Epoch milliseconds; it has ended when all that it left is read. */
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
  const { run, name } = job;
  const files = attemptFiles(job.partition, number);
  const observer = createObserver();
  const started = Date.now();
  const killedBefore = await oomKills();
  const { dir: unit, timeoutSeconds, operation = 'apply', answers = [] } = job;
  const outputs = await writeAnswers(job.partition, number, answers);
  run.journal.write({ type: 'attempt', layer: name, number, unit, timeoutSeconds });
  const process = await startLayerProcess({
    starter: job.starter.wrapper,
    file: job.terragrunt,
    args: applyArguments({ operation, unit, reportFile: files.report, varFiles: job.varFiles }),
    cwd: unit,
    env: {
      ...job.env,
      ...markedEnvironment({ run: run.id, runDir: run.journal.dir, layer: name, number }),
      [marks.stdout]: files.stdout,
      ...(outputs === undefined ? {} : { [marks.outputs]: outputs }),
      ...(operation === 'destroy' ? { [marks.words]: files.stderr } : {}),
      TG_TF_PATH: job.starter.engine,
    },
    stdout: files.stdout,
    stderr: files.stderr,
  });
  using shown = boundLines((text) => log.from(name, text), { ...usualBounds, redact: job.redact });
  const reading = { rotateAtBytes: await rotateAtBytesIn(job.partition), trim: job.redactCut };
  const tails = await Promise.all([
    tailFile(
      files.stdout,
      (line) => {
        const event = parseEngineLine(line);
        observer.event(event);
        const text = shownText(event);
        if (text !== undefined) shown.show(text);
      },
      reading,
    ),
    tailFile(
      files.stderr,
      (line) => {
        const { level, text } = parseTerragruntLine(line);
        if (level === 'error' || level === 'stderr' || level === 'warn') observer.line(text);
        if (level === 'error') shown.show(text);
      },
      reading,
    ),
  ]);
  job.onRunning?.();
  const { exit, ending, stall } = await waitFor(
    process,
    job,
    number,
    () => observer.seen.lastLife ?? started,
    log,
    signal,
  );
  if (ending !== 'handed-over') await endRest(process, job, log);
  await Promise.all(tails.map((tail) => tail.stop()));
  const left = {
    report: await readUnitReport(files.report),
    oomKills: difference(killedBefore, await oomKills()),
    engineDir: await run.engines.applyFolder(name),
  };
  return {
    exit,
    ending,
    seen: observer.seen,
    lossy: tails.some(({ loss }) => loss.turns > 0),
    ...left,
    ...(stall === undefined ? {} : { stall }),
    started,
    ended: Date.now(),
  };
}

async function waitFor(
  running: LayerProcess,
  job: LayerJob,
  number: number,
  lastOutput: () => number,
  log: Log,
  signal: AbortSignal,
): Promise<{ exit: Exit; ending: Ending; stall?: readonly string[] }> {
  using timeout = timeoutAfter(job.timeoutSeconds);
  using watch = watchForStall({
    leaderPid: running.pid,
    marker: { name: marks.layer, value: `${job.run.id}/${job.name}` },
    stallSeconds: job.stallSeconds,
    lastOutput,
  });
  const first = await Promise.race([running.exited, aborted(signal), timeout.over, watch.stalled]);
  if (typeof first === 'object' && 'signal' in first) return { exit: first, ending: 'exited' };
  const cancelled = signal.aborted;
  const stall = typeof first === 'object' ? describeStall(first) : undefined;
  // On a full disk the engine that runs is asked to stop all the same.
  await forbidStarts({ runDir: job.run.journal.dir, layer: job.name, number }).catch((thrown: unknown) =>
    log.warn(`${job.name}: its next program could not be held back: ${messageOf(thrown)}`),
  );
  await job.run.engines.interrupt(job.name);
  if (cancelled && job.handsOver()) {
    running.letGo();
    return { exit: { code: null, signal: null }, ending: 'handed-over' };
  }
  for (const line of stall ?? []) log.warn(`${job.name}: ${line}`);
  const ending = cancelled ? 'cancelled' : stall === undefined ? 'timed-out' : 'stalled';
  const why = {
    cancelled: 'cancelled',
    'timed-out': `not done after ${job.timeoutSeconds} s`,
    stalled: 'stalled',
  };
  log.warn(`${job.name}: ${why[ending]}; its engine is asked to stop (up to ${job.graceSeconds} s).`);
  const exit = await drain(running, job, log);
  return { exit, ending, ...(stall === undefined ? {} : { stall }) };
}

function difference(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before;
}

/** A timer that goes with its scope: a signal of its own would be kept, and all it holds, until its time is over. */
function timeoutAfter(seconds: number): Disposable & { readonly over: Promise<'over'> } {
  const { promise, resolve } = Promise.withResolvers<'over'>();
  const timer = setTimeout(resolve, seconds * 1000, 'over');
  return { over: promise, [Symbol.dispose]: () => clearTimeout(timer) };
}

function aborted(signal: AbortSignal): Promise<'aborted'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('aborted');
    else signal.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
}
