import { listProc, readProc, readStat } from './stat.ts';

/** A clock tick of /proc/PID/stat: 1/100 s on every Linux that Node runs on (USER_HZ). */
const nanosecondsPerTick = 10_000_000;

/**
 * Processor time of all living threads of a process, in nanoseconds; undefined where the process is gone. Ticks of
 * /proc/PID/stat are too coarse for a process that works a little; they serve where the kernel keeps no schedstat.
 */
export function cpuNanoseconds(pid: number): number | undefined {
  let sum = 0;
  let counted = 0;
  for (const thread of listProc(`/proc/${pid}/task`)) {
    const nanoseconds = Number.parseInt(readProc(`/proc/${pid}/task/${thread}/schedstat`) ?? '', 10);
    if (Number.isNaN(nanoseconds)) continue;
    sum += nanoseconds;
    counted += 1;
  }
  if (counted > 0) return sum;
  const stat = readStat(pid);
  return stat === undefined ? undefined : stat.cpuTicks * nanosecondsPerTick;
}

/**
 * Bytes that a process read and wrote by read(2) and write(2), whatever they went to; undefined where this user may not
 * know. What goes through recv(2) and send(2) the kernel does not count here (Go and Node use read and write).
 */
export function ioBytes(pid: number): number | undefined {
  const text = readProc(`/proc/${pid}/io`);
  const [, read, written] = /^rchar: (\d+)\nwchar: (\d+)/.exec(text ?? '') ?? [];
  return read === undefined || written === undefined ? undefined : Number(read) + Number(written);
}
