import { getState, saveState } from '@actions/core';

/** What main tells post through the runner: paths only, since the runner hands it on in the environment. */
export function markMain(): void {
  saveState('phase', 'post');
}

/** Whether this process is the post step: main has marked itself before it did anything else. */
export function isPost(): boolean {
  return getState('phase') === 'post';
}

export function saveVault(dir: string): void {
  saveState('vault', dir);
}

export function savedVault(): string | undefined {
  return getState('vault') || undefined;
}
