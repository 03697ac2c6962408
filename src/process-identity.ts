import { readFile } from 'node:fs/promises';
import { capture } from './command.ts';

/** What tells one process from another that later got its pid: the start time, and the boot it started in. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot (Linux, field 22 of /proc/PID/stat) or the start date as `ps` prints it (macOS). */
  readonly startTime: string;
  readonly bootId: string;
}

let boot: Promise<string> | undefined;

function bootId(): Promise<string> {
  boot ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    async () => (await capture('sysctl', ['-n', 'kern.boottime'])).stdout.trim(),
  );
  return boot;
}

async function startTime(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') {
    const listed = await capture('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return listed.stdout.trim() || undefined;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat === undefined ? undefined : startTimeIn(stat);
}

/** The start time in the text of a /proc/PID/stat; undefined for a zombie. */
export function startTimeIn(stat: string): string | undefined {
  // The second field, the command, may hold spaces and brackets: fields are counted after its last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19];
}

/** The identity of a live process; undefined where none has that pid (a zombie counts as none). */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const started = await startTime(pid);
  return started === undefined ? undefined : { pid, startTime: started, bootId: await bootId() };
}

/** Whether exactly this process still lives: same pid, same start, same boot. */
export async function isAlive(known: ProcessIdentity): Promise<boolean> {
  const now = await identify(known.pid);
  return now !== undefined && now.startTime === known.startTime && now.bootId === known.bootId;
}
