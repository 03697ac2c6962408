import { getState, saveState } from '@actions/core';

/** Whether this process is the post step; see action-post.ts. */
export function isPost(): boolean {
  return getState('phase') === 'post';
}

/** The folder of the run's journal, told to post through the runner: a path only, since that hands it on in the environment. */
export function saveRun(dir: string): void {
  saveState('run', dir);
}

/** The report went to the job that joins them. */
export function saveHandedOver(): void {
  saveState('handed-over', 'true');
}

export function wasHandedOver(): boolean {
  return getState('handed-over') === 'true';
}

export function savedRun(): string | undefined {
  return getState('run') || undefined;
}
