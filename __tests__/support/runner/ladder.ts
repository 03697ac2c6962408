import type { StepProcess } from './step.ts';

/** The runner's waits (ProcessInvoker.cs:32-33, 443-505; JobDispatcher.cs:1269-1287), in milliseconds. */
export interface RunnerTimes {
  readonly interruptMs: number;
  readonly terminateMs: number;
  /** How long it waits, after the process is gone, for the output to close. */
  readonly outputMs: number;
  /** From the click on cancel to the end of the worker: main, post and upload in all. */
  readonly cancelBudgetMs: number;
}

const real: RunnerTimes = {
  interruptMs: 7500,
  terminateMs: 2500,
  outputMs: 5000,
  cancelBudgetMs: 285_000,
};

/** The runner's waits, each `factor` of what it really is. */
export function runnerTimes(factor = 1): RunnerTimes {
  return {
    interruptMs: real.interruptMs * factor,
    terminateMs: real.terminateMs * factor,
    outputMs: real.outputMs * factor,
    cancelBudgetMs: real.cancelBudgetMs * factor,
  };
}

/** SIGINT, a wait, SIGTERM, a wait, SIGKILL: to the step's own process alone. Ends as soon as that is gone. */
export async function cancelLadder(
  step: StepProcess,
  { interruptMs, terminateMs }: RunnerTimes,
  note: (signal: NodeJS.Signals) => void,
): Promise<void> {
  for (const [name, waitMs] of [
    ['SIGINT', interruptMs],
    ['SIGTERM', terminateMs],
    ['SIGKILL', undefined],
  ] as const) {
    if (!step.signal(name)) return;
    note(name);
    if (waitMs === undefined || (await within(step.exited, waitMs))) return;
  }
}

/** Whether `promise` is fulfilled within the time. */
export async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
