import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandFiles, makeCommandFiles } from './command-files.ts';
import { createJobLog } from './job-log.ts';
import { cancelLadder, runnerTimes, within } from './ladder.ts';
import { type Swept, sweepOrphans, trackingVariable } from './orphans.ts';
import { type StepEnd, type StepProcess, startStep } from './step.ts';

/** The one step of a job: an action of a main and a post, or a `run:` script, which has no post. */
export type JobStep =
  | {
      readonly kind: 'action';
      /** `runs.main` and `runs.post` of its action.yml. */
      readonly entry: string;
      readonly post: string;
      readonly inputs: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'run'; readonly script: string };

export interface JobOptions {
  /** The runner's own folder: `_temp`, which it empties at the job's start and end, lies in it. */
  readonly dir: string;
  /** GITHUB_WORKSPACE, and the folder the steps start in. */
  readonly workspace: string;
  /** What the runner's service has in its environment, and what the workflow sets. */
  readonly env: Readonly<Record<string, string>>;
  /** Values that the workflow took from `secrets.`, masked from the start. */
  readonly masks?: readonly string[];
  /** Shortens the runner's waits, for tests; 1 is the real thing. */
  readonly factor?: number;
  /** Aborted, it loses the job: no process of it is started any more. */
  readonly signal?: AbortSignal;
}

export type Phase = 'main' | 'post';

export interface SentSignal {
  readonly phase: Phase;
  readonly signal: NodeJS.Signals;
  /** Since the job's start. */
  readonly atMs: number;
}

export interface JobRecord {
  /** As people see it in the log, masked. */
  readonly log: string;
  readonly rawLog: string;
  readonly result: 'success' | 'failure' | 'cancelled';
  readonly main: StepEnd;
  /** When main's process was gone, since the job's start. */
  readonly mainGoneMs: number;
  /** Undefined where the runner started none. */
  readonly post: StepEnd | undefined;
  readonly signals: readonly SentSignal[];
  readonly outputs: ReadonlyMap<string, string>;
  readonly summary: string;
  /** What the orphan sweep killed; empty where the runner made none. */
  readonly swept: readonly Swept[];
  readonly seconds: number;
}

export interface Job {
  readonly trackingId: string;
  readonly ended: Promise<JobRecord>;
  /** The step's process that runs now. */
  running(): { readonly phase: Phase; readonly pid: number } | undefined;
  /** Its pid as soon as that phase runs; undefined where the job ends without it. */
  reached(phase: Phase): Promise<number | undefined>;
  /** Resolves when the masked log has the pattern; rejects where the job ends, or `seconds` pass, without it. */
  sees(pattern: RegExp, seconds?: number): Promise<RegExpExecArray>;
  /**
   * The click on cancel: main is taken down the ladder; a post that runs is not signalled at all. A second click is one
   * more SIGINT to a main that is still there, which GitHub's runner spares it, and others and people at a terminal do not.
   */
  cancel(): void;
  /** `timeout-minutes` of the step: the same ladder, and no budget on what follows. */
  timeOut(): void;
  /** Force-cancel: SIGKILL, no post. */
  force(): void;
  /** The service stops: the ladder, then neither post nor orphan sweep. */
  stopService(): void;
  /** The machine is gone: nothing follows. The one who calls this has killed, or kills, the processes. */
  lose(): void;
}

/** Runs one job as GitHub's runner does, on this machine, with this node. */
export async function startJob(step: JobStep, options: JobOptions): Promise<Job> {
  const times = runnerTimes(options.factor);
  const log = createJobLog();
  for (const value of options.masks ?? []) log.mask(value);
  const trackingId = `github_${randomUUID()}`;
  const temp = join(options.dir, '_temp');
  await emptied(temp);
  const event = join(temp, 'event.json');
  await writeFile(event, '{}');
  const started = performance.now();
  const signals: SentSignal[] = [];
  let current: { readonly phase: Phase; readonly process: StepProcess } | undefined;
  let cancelledAt: number | undefined;
  let timedOut = false;
  let noPost = false;
  let noSweep = false;
  let over = false;
  const waiting = new Map<Phase, (() => void)[]>();
  const wake = (phase: Phase) => {
    for (const resolve of waiting.get(phase) ?? []) resolve();
  };
  const note = (phase: Phase) => (signal: NodeJS.Signals) => {
    signals.push({ phase, signal, atMs: performance.now() - started });
  };

  const begin = async (phase: Phase, files: CommandFiles, more: Readonly<Record<string, string>>) => {
    const { file, args } = await programOf(step, phase, temp);
    options.signal?.throwIfAborted();
    const process = await startStep({
      file,
      args,
      cwd: options.workspace,
      env: {
        CI: 'true',
        ...options.env,
        ...files.env,
        ...more,
        GITHUB_ACTIONS: 'true',
        GITHUB_EVENT_NAME: 'push',
        GITHUB_EVENT_PATH: event,
        GITHUB_REF: 'refs/heads/main',
        GITHUB_WORKSPACE: options.workspace,
        RUNNER_TEMP: temp,
        [trackingVariable]: trackingId,
      },
      outputMs: times.outputMs,
      take: (stream, chunk) => log.take(`${phase} ${stream}`, chunk),
    });
    current = { phase, process };
    wake(phase);
    return process;
  };

  const runPost = async (state: ReadonlyMap<string, string>, set: ReadonlyMap<string, string>) => {
    if (step.kind !== 'action' || noPost) return undefined;
    const post = await begin('post', await makeCommandFiles(temp), {
      ...inputsOf(step),
      ...Object.fromEntries(set),
      ...Object.fromEntries([...state].map(([name, value]) => [`STATE_${name}`, value])),
    });
    // A cancel that comes while post runs starts the same clock: this looks again until one of the two has ended.
    while (!(await within(post.exited, 50))) {
      if (cancelledAt === undefined || performance.now() - cancelledAt < times.cancelBudgetMs) continue;
      log.say('The runner ends the worker: its time after a cancel is over.');
      if (post.signal('SIGKILL')) note('post')('SIGKILL');
      noSweep = true;
      break;
    }
    return post.ended;
  };

  const run = async (): Promise<JobRecord> => {
    const files = await makeCommandFiles(temp);
    const first = await begin('main', files, inputsOf(step));
    await first.exited;
    const mainGoneMs = performance.now() - started;
    const main = await first.ended;
    current = undefined;
    const post = await runPost(await files.values('STATE'), await files.values('ENV'));
    current = undefined;
    const swept = noSweep ? [] : await sweepOrphans(trackingId);
    const [outputs, summary] = [await files.values('OUTPUT'), await files.text('STEP_SUMMARY')];
    if (!noSweep) await emptied(temp);
    const failed = main.code !== 0 || (post !== undefined && post.code !== 0) || timedOut || noSweep;
    return {
      log: log.masked(),
      rawLog: log.raw(),
      result: cancelledAt !== undefined ? 'cancelled' : failed ? 'failure' : 'success',
      main,
      mainGoneMs,
      post,
      signals,
      outputs,
      summary,
      swept,
      seconds: (performance.now() - started) / 1000,
    };
  };

  const climb = () => {
    if (current === undefined || current.phase === 'post') return;
    void cancelLadder(current.process, times, note('main'));
  };
  const kill = () => {
    if (current?.process.signal('SIGKILL') === true) note(current.phase)('SIGKILL');
  };
  const ended = run().finally(() => {
    over = true;
    wake('main');
    wake('post');
  });
  return {
    trackingId,
    ended,
    running: () => current && { phase: current.phase, pid: current.process.pid },
    async reached(phase) {
      while (current?.phase !== phase && !over)
        await new Promise<void>((resolve) => waiting.set(phase, [...(waiting.get(phase) ?? []), resolve]));
      return current?.phase === phase ? current.process.pid : undefined;
    },
    sees: (pattern, seconds = 60) =>
      new Promise((resolve, reject) => {
        const done = (settle: () => void) => {
          clearTimeout(timer);
          forget();
          settle();
        };
        const without = (how: string) =>
          done(() => reject(new Error(`${how} without ${pattern}; the log:\n${log.masked().slice(-3000)}`)));
        const look = () => {
          const match = pattern.exec(log.masked());
          if (match !== null) done(() => resolve(match));
        };
        const timer = setTimeout(() => without(`${seconds} s went by`), seconds * 1000);
        const forget = log.onLine(look);
        look();
        ended.then(() => without('the job ended'), reject);
      }),
    cancel() {
      if (cancelledAt === undefined) {
        cancelledAt = performance.now();
        climb();
      } else if (current?.phase === 'main' && current.process.signal('SIGINT')) note('main')('SIGINT');
    },
    timeOut() {
      timedOut = true;
      climb();
    },
    force() {
      cancelledAt ??= performance.now();
      noPost = true;
      kill();
    },
    stopService() {
      noPost = true;
      noSweep = true;
      if (current?.phase === 'post') kill();
      else climb();
    },
    lose() {
      noPost = true;
      noSweep = true;
    },
  };
}

async function programOf(
  step: JobStep,
  phase: Phase,
  temp: string,
): Promise<{ file: string; args: string[] }> {
  if (step.kind === 'action') {
    const entry = phase === 'main' ? step.entry : step.post;
    return { file: process.execPath, args: [entry] };
  }
  const script = join(temp, `${randomUUID()}.sh`);
  await writeFile(script, step.script);
  return { file: '/bin/bash', args: ['--noprofile', '--norc', '-e', '-o', 'pipefail', script] };
}

function inputsOf(step: JobStep): Record<string, string> {
  if (step.kind !== 'action') return {};
  return Object.fromEntries(
    Object.entries(step.inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
  );
}

async function emptied(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
}
