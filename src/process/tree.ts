import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readMemoryFile } from './memory-file.ts';
import { type ProcessRecord, pids, readProc, readStat } from './stat.ts';

/** An environment variable that all processes of one layer bear. */
export interface Marker {
  readonly name: string;
  readonly value: string;
}

const longestCommandLine = 4096;

/** Every process there is, zombies too. */
export function allProcesses(): ProcessRecord[] {
  return pids().flatMap((pid) => readStat(pid) ?? []);
}

/** An empty environment is looked at that often, so long apart: a process in the middle of its exec shows none. */
const emptyLooks = 3;
const emptyPauseMs = 5;

/**
 * Whether the process' environment, as it was at its exec, holds exactly NAME=VALUE. False for a zombie, which has none
 * left, and for a process that this user may not look into.
 */
export async function bears(pid: number, { name, value }: Marker): Promise<boolean> {
  for (let look = 1; ; look += 1) {
    const environ = await readMemoryFile(`/proc/${pid}/environ`);
    if (environ === undefined) return false;
    if (environ.length > 0) return Buffer.concat([Buffer.of(0), environ]).includes(`\0${name}=${value}\0`);
    if (look === emptyLooks) return false;
    await sleep(emptyPauseMs);
  }
}

/**
 * Every live process whose environment holds the marker: also one that left its group and session, or was given to
 * another parent. One that was started with a cleared environment is not found so; see `members`.
 */
export async function processesMarked(name: string, value: string): Promise<ProcessRecord[]> {
  const marked = await Promise.all(
    pids().map(async (pid) => ((await bears(pid, { name, value })) ? readStat(pid) : undefined)),
  );
  return marked.filter((found) => found !== undefined && found.state !== 'Z') as ProcessRecord[];
}

/** The leader, its group and session, and all that descend from any of these; zombies too. */
export function members(leaderPid: number): ProcessRecord[] {
  return family(
    allProcesses(),
    ({ pid, pgrp, session }) => pid === leaderPid || pgrp === leaderPid || session === leaderPid,
  );
}

/** Those of `processes` that `belongs` is true of, and their descendants. */
export function family(
  processes: readonly ProcessRecord[],
  belongs: (process: ProcessRecord) => boolean,
): ProcessRecord[] {
  const inside = new Set(processes.filter(belongs).map(({ pid }) => pid));
  for (let grown = true; grown; ) {
    grown = false;
    for (const { pid, ppid } of processes) {
      if (inside.has(pid) || !inside.has(ppid)) continue;
      inside.add(pid);
      grown = true;
    }
  }
  return processes.filter(({ pid }) => inside.has(pid));
}

export interface Zombie {
  readonly pid: number;
  readonly name: string;
  readonly parent: { readonly pid: number; readonly name: string };
}

/** Those of `processes` that ended and were not reaped, with the parent that should. */
export function zombiesIn(processes: readonly ProcessRecord[]): Zombie[] {
  return processes
    .filter(({ state }) => state === 'Z')
    .map(({ pid, name, ppid }) => ({
      pid,
      name,
      parent: { pid: ppid, name: readStat(ppid)?.name ?? '?' },
    }));
}

/** The arguments, bounded; they may hold secrets. Empty for a zombie or a process of somebody else. */
export function commandLine(pid: number): string[] {
  const text = (readProc(`/proc/${pid}/cmdline`) ?? '').slice(0, longestCommandLine);
  return text === '' ? [] : text.replace(/\0$/, '').split('\0');
}

/** Programs whose first argument is a word of theirs; any other program's may be a secret. */
const withSubcommand = /^(terragrunt|tofu|terraform|kubectl|talosctl|helm|flux|git|go|npm)$/;
const longestName = 40;

/** The program and its subcommand, as `tofu apply`, and nothing more of its arguments. */
export function programOf(pid: number, name: string): string {
  const [path = '', ...args] = commandLine(pid);
  // A process may write what it likes into its title: what does not look like a path is passed over.
  const program = /^[\w./+@-]+$/.test(path) ? basename(path).slice(0, longestName) : name;
  const word = withSubcommand.test(program) ? args.find((arg) => !arg.startsWith('-')) : undefined;
  return word !== undefined && /^[a-z][a-z-]{1,20}$/.test(word) ? `${program} ${word}` : program;
}
