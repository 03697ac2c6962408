import { join } from 'node:path';
import type { Edge } from '../edge.ts';
import { messageOf } from '../errors.ts';
import type { Machine } from '../journal/entries.ts';
import { pruneRuns, thisMachine } from '../journal/journal.ts';
import { isOver, type RunRecord, readRuns, whereItDied } from '../journal/record.ts';
import { dirStore } from '../lease/dir.ts';
import type { Lease } from '../lease/hold.ts';
import { acquireLease, adoptLease, partOf } from '../lease/lease.ts';
import type { Who } from '../lease/who.ts';
import { isAlive } from '../process-identity.ts';
import { sweepBoxes } from '../rehearsal/records.ts';
import { settleRun } from '../settle/run.ts';
import { stillOpen } from '../vault/open.ts';
import { sweptRoots } from '../vault/root.ts';
import { sweepVaults } from '../vault/sweep.ts';
import { sweepWorkspaces } from './workspace.ts';

export interface Swept {
  readonly home: string;
  readonly stateDir: string;
  /** The run that sweeps, and has the castle. */
  readonly who: Who;
}

/** A run of another machine that nobody there has settled in this time will not be settled any more. */
const forgottenMs = 30 * 24 * 3600 * 1000;
/** How long the engines of a dead run are waited for, whatever their layers' timeouts are. */
const adoptWithinMs = 60 * 60 * 1000;
/** A turn at sweeping: the one before may wait for engines as long as it may. */
const turn = { ttlSeconds: 60, waitSeconds: adoptWithinMs / 1000 + 300 };

/**
 * Cleans up after the dead: their engines, states, locks, logins, vaults, folders, boxes. Of several legs on one machine
 * one sweeps at a time, and the next finds what is left: nobody's clean-up is done twice at once.
 */
export async function sweep(swept: Swept, edge: Edge): Promise<void> {
  const { home, who } = swept;
  if (who.group === undefined) return sweepDead(swept, edge);
  const { group: _, ...alone } = who;
  const { log, signal } = edge;
  await using _turn = await acquireLease(dirStore(join(home, 'sweep')), alone, { ...turn, signal, log });
  await sweepDead(swept, edge);
}

async function sweepDead({ home, stateDir, who }: Swept, edge: Edge): Promise<void> {
  const { log, signal, redactor, fetch, env } = edge;
  const [runs, here] = await Promise.all([readRuns(home), thisMachine()]);
  /** Dead runs that their own post step is at: nothing of theirs is touched. */
  const spared = new Set<string>();
  for (const record of runs) {
    if (isOver(record) || isElsewhere(record, here) || (await isAlive(record.begin.owner))) continue;
    const { run, at, machine } = record.begin;
    const part = await takePart(home, who, run, edge);
    if (part === 'others') {
      spared.add(run);
      continue;
    }
    log.warn(
      `run ${run.slice(0, 8)} of ${new Date(at).toISOString()} died ${whereItDied(record)}; cleaning up after it`,
    );
    if (record.vault !== undefined && machine.bootId !== here.bootId)
      log.warn(
        'the machine was booted since: the vault of that run is gone, with its secrets and what its layers said',
      );
    const until = Date.now() + adoptWithinMs;
    try {
      const settled = await settleRun(record, {
        by: 'next run',
        home,
        log,
        redactor,
        signal,
        fetch,
        env,
        until,
        // A run that was cancelled wants its engines to stop; one that died would have let them finish.
        interrupt: record.cancelled === undefined ? 'at-timeout' : 'at-once',
      });
      for (const trouble of settled.troubles) log.warn(`after run ${run.slice(0, 8)}: ${trouble}`);
    } finally {
      await part?.release();
    }
  }
  // One that cannot be wiped is in nobody's way, and is tried again by each run.
  await sweepVaults(
    await sweptRoots(env),
    (dir, how) =>
      log.warn(`wiped the vault ${dir}, which a dead run left${how === 'lazy' ? `; ${stillOpen}` : ''}`),
    spared,
  ).catch((thrown: unknown) => log.warn(messageOf(thrown)));
  await sweepWorkspaces(stateDir, spared);
  const { processes } = await sweepBoxes(stateDir);
  if (processes.length > 0) log.warn(`ended what a dead rehearsal left: ${processes.join(', ')}`);
  const old = Date.now() - forgottenMs;
  const over = runs.filter(
    (record) => isOver(record) || (isElsewhere(record, here) && record.begin.at < old),
  );
  await pruneRuns(over.map(({ dir, begin }) => ({ dir, at: begin.at })));
}

/**
 * What the dead `run` held of the castle beside us, so that its own post step finds it taken; `others` where that was
 * quicker. Undefined where it held nothing: then we alone have what it left.
 */
async function takePart(
  home: string,
  { group, owner }: Who,
  run: string,
  { log }: Edge,
): Promise<Lease | 'others' | undefined> {
  if (group === undefined) return undefined;
  const store = dirStore(join(home, 'lease'));
  const adopted = await adoptLease(store, run, owner, { log });
  if (adopted !== undefined) return adopted;
  const found = await store.read();
  return found !== undefined && partOf(found.record, run) !== undefined ? 'others' : undefined;
}

/** Of another machine, or another container of this one: what it left cannot be seen from here, so it is left to them. */
function isElsewhere({ begin: { machine } }: RunRecord, here: Machine): boolean {
  const otherSpace = machine.bootId === here.bootId && machine.pidSpace !== here.pidSpace;
  return machine.host !== here.host || otherSpace;
}
