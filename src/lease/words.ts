import { messageOf, PhoenixError } from '../errors.ts';
import { elapsed } from '../toolchain/progress.ts';
import type { LeaseRecord } from './record.ts';
import type { LeaseStore } from './store.ts';

/** `run 3f2a… (process 4711 of root on runner-1, https://github.com/…)` */
export function holderOf({ run, owner, url, members = [] }: LeaseRecord): string {
  const page = url === '' ? '' : `, ${url}`;
  const others = members.length - 1;
  const more = others < 1 ? '' : ` and ${others} more ${others === 1 ? 'leg' : 'legs'} of its workflow run`;
  return `run ${run} (process ${owner.pid} of ${owner.user || '?'} on ${owner.host}${page})${more}`;
}

/** The clock of the owner's machine, which need not be ours. */
const clock = (epoch: number) => new Date(epoch).toISOString().replace(/\.\d+Z$/, 'Z');

export function held(store: LeaseStore, record: LeaseRecord, waitedMs: number): PhoenixError {
  const phase = record.phase === undefined ? '' : `, at ${record.phase}`;
  const waited = waitedMs < 1000 ? '' : ` This run waited ${elapsed(waitedMs)} for it.`;
  const where = record.url === '' ? `process ${record.owner.pid} on ${record.owner.host}` : record.url;
  return new PhoenixError({
    code: 'PHX-LEASE-HELD',
    class: 'layer',
    what: `The castle ${record.castle} is held by ${holderOf(record)}.`,
    why: `It has held the lease in ${store.place} since ${clock(record.acquired)}; its last sign of life is of ${clock(record.renewed)}${phase}.${waited}`,
    next: `Let it end, or cancel it (${where}), then run again. \`lease: { wait: 10m }\` in the castle file waits for it.`,
  });
}

export function lost(store: LeaseStore, mine: LeaseRecord, why: string, cause?: unknown): PhoenixError {
  return new PhoenixError({
    code: 'PHX-LEASE-LOST',
    class: 'layer',
    what: `This run has lost its lease of the castle ${mine.castle} in ${store.place}.`,
    why,
    next: 'See that no other run of this castle is at work, then run again: layers that are done are found unchanged.',
    cause,
  });
}

export function takenBy(found: LeaseRecord | undefined): string {
  if (found === undefined) return 'Its record is gone: somebody removed it.';
  if (found.released !== null) return `It was given back by ${holderOf(found)}.`;
  return `It was taken over by ${holderOf(found)}, for this run gave no sign of life in time.`;
}

/** Why something failed, without what failed: the sentence around it says that. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof PhoenixError ? thrown.why : messageOf(thrown);
}
