import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { processesOf } from '../__tests__/support/processes.ts';
import type { Sample } from './soak-figures.ts';

/** Where the soaked castle lives. */
export interface SoakPlace {
  readonly mark: string;
  readonly vaultRoot: string;
  readonly home: string;
  readonly temp: string;
  readonly repository: string;
}

/** What a rebirth has left in the place; `except` is a process of the mark that is there by right. */
export async function sampleOf(
  { mark, vaultRoot, home, temp, repository }: SoakPlace,
  own: Pick<Sample, 'fds' | 'rssBytes'>,
  except?: number,
): Promise<Sample> {
  const ram = await filesBelow(vaultRoot);
  const sizes = await Promise.all(
    ram.map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return {
    ...own,
    processes: (await processesOf(mark)).filter(({ pid }) => pid !== except).length,
    ramFiles: ram.length,
    ramBytes: sizes.reduce((sum, size) => sum + size, 0),
    homeFiles: (await filesBelow(join(home, '.local'))).length,
    temporaryFiles: (await filesBelow(temp)).length,
    repositoryFiles: (await filesBelow(repository)).length,
  };
}

/** Open files and memory of a process; zeros where it is gone. */
export async function ownOf(pid: number): Promise<Pick<Sample, 'fds' | 'rssBytes'>> {
  const fds = (await readdir(`/proc/${pid}/fd`).catch(() => [])).length;
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return { fds, rssBytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024 };
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name));
}
