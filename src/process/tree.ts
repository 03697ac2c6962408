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

/** What processes were seen to bear, by name, pid and start: it stays, and with many layers many ask. */
const borne = new Map<string, string>();
const mostBorne = 10_000;

/**
 * Whether the process' environment, as it was at its exec, holds exactly NAME=VALUE. False for a zombie, which has none
 * left, and for a process that this user may not look into.
 */
export async function bears(
  { pid, startTime }: Pick<ProcessRecord, 'pid' | 'startTime'>,
  { name, value }: Marker,
): Promise<boolean> {
  const key = `${name} ${pid} ${startTime}`;
  const known = borne.get(key);
  if (known !== undefined && known !== value) return false;
  for (let look = 1; ; look += 1) {
    const environ = await readMemoryFile(`/proc/${pid}/environ`);
    if (environ === undefined) return false;
    if (environ.length > 0) {
      const found = valueIn(environ, name);
      if (borne.size >= mostBorne) borne.clear();
      if (found !== undefined) borne.set(key, found);
      return found === value;
    }
    if (look === emptyLooks) return false;
    await sleep(emptyPauseMs);
  }
}

/** The value of a variable in the bytes of an environment. */
function valueIn(environ: Buffer, name: string): string | undefined {
  const whole = Buffer.concat([Buffer.of(0), environ]);
  const at = whole.indexOf(`\0${name}=`);
  if (at < 0) return undefined;
  const from = at + name.length + 2;
  const end = whole.indexOf(0, from);
  return whole.toString('utf8', from, end < 0 ? whole.length : end);
}

/**
 * Every live process whose environment holds the marker: also one that left its group and session, or was given to
 * another parent. One that was started with a cleared environment is not found so; see `members`. What was started
 * before `since` (clock ticks since boot) is not looked at.
 */
export async function processesMarked(name: string, value: string, since = 0): Promise<ProcessRecord[]> {
  const young = pids()
    .flatMap((pid) => readStat(pid) ?? [])
    .filter(({ startTime, state }) => Number(startTime) >= since && state !== 'Z');
  const marked = await Promise.all(
    young.map(async (found) => ((await bears(found, { name, value })) ? readStat(found.pid) : undefined)),
  );
  return marked.filter((found) => found !== undefined && found.state !== 'Z') as ProcessRecord[];
}

let own: number | undefined;

/** When this process began, in clock ticks since boot: nothing older can bear a marker that it gave. 0 without /proc. */
export function ownStart(): number {
  own ??= Number(readStat(process.pid)?.startTime ?? 0);
  return own;
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
