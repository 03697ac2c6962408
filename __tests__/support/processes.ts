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

async function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
