import { readdir, readFile, readlink } from 'node:fs/promises';

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

/** Kills all that `processesOf` finds, until it finds nothing: what is started between a look and its kills is missed. */
export async function killAll(mark: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const alive = await processesOf(mark);
    if (alive.length === 0) return;
    if (Date.now() > deadline)
      throw new Error(`still alive: ${alive.map(({ command }) => command).join('; ')}`);
    for (const { pid } of alive) killQuietly(pid);
  }
}

async function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
