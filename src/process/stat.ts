import { readdirSync, readFileSync } from 'node:fs';

/** One process as /proc/PID/stat tells it at one moment. */
export interface ProcessRecord {
  readonly pid: number;
  readonly ppid: number;
  /** The process group. */
  readonly pgrp: number;
  readonly session: number;
  /** Clock ticks since boot, as in ProcessIdentity: tells this process from a later one with its pid. */
  readonly startTime: string;
  /** R running, S sleeping, D in uninterruptible sleep, T stopped, Z ended but not reaped … */
  readonly state: string;
  /** The program's name as the kernel keeps it: at most 15 bytes. */
  readonly name: string;
  /** Processor time used, in clock ticks; children not counted. */
  readonly cpuTicks: number;
}

/**
 * The text of a /proc/PID/stat; undefined where it is cut short. Fields are counted after the last bracket, since the
 * name before it may hold spaces and brackets.
 */
export function parseStat(text: string): ProcessRecord | undefined {
  const [open, close] = [text.indexOf('('), text.lastIndexOf(')')];
  const fields = text.slice(close + 2).split(' ');
  const startTime = fields[19];
  if (open < 0 || close < open || startTime === undefined || startTime === '') return undefined;
  return {
    pid: Number(text.slice(0, open)),
    name: text.slice(open + 1, close),
    state: fields[0] ?? '',
    ppid: Number(fields[1]),
    pgrp: Number(fields[2]),
    session: Number(fields[3]),
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    startTime,
  };
}

/**
 * A small file of /proc, or undefined where the process is gone or not ours to look into. Read at once and not by a
 * promise: the kernel answers from memory in some 10 µs, a turn through the thread pool costs ten times that.
 */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

export function listProc(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

export function readStat(pid: number): ProcessRecord | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseStat(text);
}

/** The pids there are; none where the system has no /proc. */
export function pids(): number[] {
  return listProc('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Whether this very process is still there and not a zombie. */
export function isStill({ pid, startTime }: Pick<ProcessRecord, 'pid' | 'startTime'>): boolean {
  const now = readStat(pid);
  return now !== undefined && now.startTime === startTime && now.state !== 'Z' && now.state !== 'X';
}
