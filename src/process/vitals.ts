import { type ProcessRecord, pids, readStat } from './stat.ts';
import { bears, family, type Marker } from './tree.ts';
import { cpuNanoseconds, ioBytes } from './usage.ts';

/** What one process has used since it began; what cannot be read counts as nothing. */
export interface Vital {
  readonly pid: number;
  readonly startTime: string;
  readonly name: string;
  readonly cpuNanoseconds: number;
  readonly ioBytes: number;
}

/** A process is looked at that often before it is taken for a stranger: between fork and exec it bears no marker yet. */
const looks = 3;

/**
 * A sampler of a layer's processes: those that bear the marker, those in the leader's group or session, and all that
 * descend from them. Zombies are left out: one that ends is one that leaves. An environment is read only while a
 * process is new, which keeps a sample cheap on a machine with many processes.
 */
export function createSampler(leaderPid: number, marker: Marker): () => Promise<Vital[]> {
  /** What was there before its leader is no layer's. */
  const since = Number(readStat(leaderPid)?.startTime ?? 0);
  const ours = new Map<number, ProcessRecord>();
  const strangers = new Map<number, number>();

  return async () => {
    const live = new Set(pids());
    for (const pid of [...ours.keys()].filter((known) => !live.has(known))) ours.delete(pid);
    for (const pid of [...strangers.keys()].filter((known) => !live.has(known))) strangers.delete(pid);
    const candidates = [...live].filter((pid) => !ours.has(pid) && (strangers.get(pid) ?? 0) < looks);
    const unknown: ProcessRecord[] = [];
    for (const found of candidates.flatMap((pid) => readStat(pid) ?? [])) {
      if (Number(found.startTime) >= since) unknown.push(found);
      else strangers.set(found.pid, looks);
    }
    const marked = new Set<number>();
    await Promise.all(
      unknown.map(async (process) => {
        if (await bears(process, marker)) marked.add(process.pid);
      }),
    );
    const found = family([...unknown, ...ours.values()], ({ pid, pgrp, session }) => {
      return ours.has(pid) || marked.has(pid) || pgrp === leaderPid || session === leaderPid;
    });
    for (const { pid } of unknown) strangers.set(pid, (strangers.get(pid) ?? 0) + 1);
    for (const process of found) {
      ours.set(process.pid, process);
      strangers.delete(process.pid);
    }
    return [...ours.values()].flatMap(vital);
  };
}

function vital({ pid, startTime, name }: ProcessRecord): Vital | [] {
  const now = readStat(pid);
  if (now === undefined || now.startTime !== startTime || now.state === 'Z') return [];
  return {
    pid,
    startTime,
    // The name changes at exec; the one that the process was first seen with would be its parent's.
    name: now.name || name,
    cpuNanoseconds: cpuNanoseconds(pid) ?? 0,
    ioBytes: ioBytes(pid) ?? 0,
  };
}
