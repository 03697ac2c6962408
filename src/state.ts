import { getState, saveState } from '@actions/core';

/** What main tells post through the runner: paths only, since the runner hands it on in the environment. */
export function markMain(): void {
  saveState('phase', 'post');
}

/** Whether this process is the post step: main has marked itself before it did anything else. */
export function isPost(): boolean {
  return getState('phase') === 'post';
}

/** The folder of the run's journal. */
export function saveRun(dir: string): void {
  saveState('run', dir);
}

export function savedRun(): string | undefined {
  return getState('run') || undefined;
}
