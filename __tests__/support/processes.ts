import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Found {
  readonly pid: number;
  readonly command: string;
}

/**
 * Every live process that has `mark` in its arguments, its environment or the path of its working folder: what a test
 * whose folders bear that mark started, however far down. Zombies have none of the three.
 */
export async function processesOf(mark: string): Promise<Found[]> {
  const found: Found[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const command = await read(`/proc/${name}/cmdline`);
    const traces = [
      command,
      await read(`/proc/${name}/environ`),
      await readlink(`/proc/${name}/cwd`).catch(() => ''),
    ];
    if (traces.some((text) => text.includes(mark))) {
      found.push({ pid: Number(name), command: command.replaceAll('\0', ' ').trim() });
    }
  }
  return found;
}

/** SIGKILL to a process that may be gone already; whether it was there. */
export function killQuietly(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

const roundsToEnd = 50;

/** Kills all that bears the mark, until nothing does: one of them may have started another meanwhile. */
export async function endAll(mark: string): Promise<number> {
  let killed = 0;
  for (let round = 0; round < roundsToEnd; round += 1) {
    const found = await processesOf(mark);
    if (found.length === 0) return killed;
    for (const { pid } of found) if (killQuietly(pid)) killed += 1;
    await sleep(20);
  }
  return killed;
}

async function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
