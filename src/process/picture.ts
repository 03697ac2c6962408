import { descriptors, inodeIn, type SocketRecord, socketsOf } from './sockets.ts';
import type { ProcessRecord } from './stat.ts';
import { allProcesses, bears, family, type Marker, programOf, type Zombie, zombiesIn } from './tree.ts';
import { type Wait, waitsOf } from './waits.ts';

export interface PicturedProcess {
  readonly pid: number;
  readonly ppid: number;
  readonly startTime: string;
  /** The program and its subcommand; never its other arguments, which may hold secrets. */
  readonly name: string;
  readonly state: string;
  /** `wait4`, `read of a pipe from curl (123)`, `connect to 10.0.0.5:8006 (SYN_SENT)` … */
  readonly waitsFor: readonly string[];
  readonly sockets: readonly SocketRecord[];
  /** Pipes and FIFOs that are open. */
  readonly pipes: number;
}

/** What a layer's processes stand in at one moment, for people who ask what it waits for. */
export interface Picture {
  readonly processes: readonly PicturedProcess[];
  readonly zombies: readonly Zombie[];
}

export async function takePicture(leaderPid: number, marker: Marker): Promise<Picture> {
  const all = allProcesses();
  const marked = new Set<number>();
  await Promise.all(
    all.map(async (process) => {
      if (await bears(process, marker)) marked.add(process.pid);
    }),
  );
  const found = family(
    all,
    ({ pid, pgrp, session }) => marked.has(pid) || pgrp === leaderPid || session === leaderPid,
  );
  const live = found.filter(({ state }) => state !== 'Z');
  const open = new Map(live.map(({ pid }) => [pid, descriptors(pid)]));
  return {
    processes: live.map((process) => pictured(process, open, live)),
    zombies: zombiesIn(found),
  };
}

function pictured(
  process: ProcessRecord,
  openOf: ReadonlyMap<number, ReadonlyMap<number, string>>,
  others: readonly ProcessRecord[],
): PicturedProcess {
  const { pid, ppid, startTime, state } = process;
  const open = new Map(openOf.get(pid));
  const sockets = socketsOf(pid, open);
  /** Who else holds the same pipe: the process at its other end is the one that is waited for. */
  const holders = (target: string) =>
    others
      .filter((other) => other.pid !== pid && [...(openOf.get(other.pid)?.values() ?? [])].includes(target))
      .map((other) => `${other.name} (${other.pid})`);
  const phrase = ({ call, descriptor }: Wait) => {
    const target = descriptor === undefined ? undefined : open.get(descriptor);
    if (target === undefined) return call;
    const socket = sockets.find(({ inode }) => inode === inodeIn('socket', target));
    if (socket !== undefined) return `${call} on ${socketText(socket)}`;
    if (inodeIn('pipe', target) === undefined) return `${call} of ${target}`;
    const shared = holders(target);
    return `${call} of a pipe${shared.length === 0 ? '' : ` shared with ${shared.slice(0, 4).join(', ')}`}`;
  };
  return {
    pid,
    ppid,
    startTime,
    name: programOf(pid, process.name),
    state,
    waitsFor: waitsOf(pid).map(phrase),
    sockets,
    pipes: new Set([...open.values()].flatMap((target) => inodeIn('pipe', target) ?? [])).size,
  };
}

/** `tcp 127.0.0.1:50312 → 10.0.0.5:8006 SYN_SENT`. */
export function socketText({ kind, local, remote, state }: SocketRecord): string {
  return `${kind}${local === '' ? '' : ` ${local}`}${remote === '' ? '' : ` → ${remote}`} ${state}`;
}
