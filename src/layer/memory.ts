import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * How many processes the kernel has killed for want of memory so far: in the own cgroup (v2) where it counts them, else
 * on the whole machine; undefined where nobody counts (not Linux). Two readings around an attempt tell whether memory
 * ran out in it, without the right to read the kernel's log.
 */
export async function oomKills(root = '/'): Promise<number | undefined> {
  const own = /^0::(\/.*)$/m.exec((await read(join(root, 'proc/self/cgroup'))) ?? '')?.[1];
  const events =
    own === undefined ? undefined : await read(join(root, 'sys/fs/cgroup', own, 'memory.events'));
  return counted(events) ?? counted(await read(join(root, 'proc/vmstat')));
}

function counted(text: string | undefined): number | undefined {
  const count = /^oom_kill (\d+)$/m.exec(text ?? '')?.[1];
  return count === undefined ? undefined : Number(count);
}

function read(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}
