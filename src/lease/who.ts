import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { identify, type ProcessIdentity } from '../process-identity.ts';
import type { LeaseRecord, Owner } from './record.ts';

/** Who takes a lease: the run, and the process that lives as long as it holds. */
export interface Who {
  readonly run: string;
  readonly castle: string;
  readonly owner: Owner;
  /** The page of the workflow run; empty outside GitHub. */
  readonly url: string;
  /** Those that name the same one hold the castle together (group.ts); undefined: this run alone. */
  readonly group?: string;
}

/** This process as the owner of a lease. */
export async function thisProcess(): Promise<Owner> {
  const me = await identify(process.pid);
  if (me === undefined) throw new Error('this process does not find itself among the processes');
  return {
    ...me,
    host: hostname(),
    user: userName(),
    machine: await machineId(),
    pidSpace: await pidSpace(),
  };
}

/**
 * What can be said of a lease's owner without waiting. `unknown`: it lives on another machine, or in another container,
 * or on one that only has the same name; whether it still lives shows by its renewals alone.
 */
export async function standingOf(
  { owner }: Pick<LeaseRecord, 'owner'>,
  me: Owner,
  isAlive: (process: ProcessIdentity) => Promise<boolean>,
): Promise<'alive' | 'dead' | 'unknown'> {
  const sameHost = owner.host === me.host && owner.user === me.user;
  const sameBoot = owner.host === me.host && owner.bootId === me.bootId;
  if (sameBoot) {
    if (owner.pidSpace !== me.pidSpace) return 'unknown';
    if (await isAlive(owner)) return 'alive';
    // /proc may be mounted so that it hides the processes of others.
    return sameHost ? 'dead' : 'unknown';
  }
  // Clones of one template share their name, so a name alone is no proof that this is the machine that was booted anew.
  return sameHost && me.machine !== '' && owner.machine === me.machine ? 'dead' : 'unknown';
}

/** This user's name, as OpenTofu writes it into a lock. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a number that its user list does not have.
    return String(process.getuid?.() ?? '');
  }
}

/** Hashed: machine-id(5) asks that the id itself is not handed about. */
async function machineId(): Promise<string> {
  const id = (await readFile('/etc/machine-id', 'utf8').catch(() => '')).trim();
  return id === '' ? '' : createHash('sha256').update(`phoenix ${id}`).digest('hex').slice(0, 16);
}

async function pidSpace(): Promise<string> {
  return readlink('/proc/self/ns/pid').catch(() => '');
}
