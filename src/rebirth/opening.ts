import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Castle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { messageOf } from '../errors.ts';
import type { Machine } from '../journal/entries.ts';
import { castleHome } from '../journal/home.ts';
import {
  type Journal,
  openJournal,
  pruneRuns,
  runFolder,
  thisMachine,
  unwritten,
} from '../journal/journal.ts';
import { isOver, type RunRecord, readRuns, whereItDied } from '../journal/record.ts';
import { dirStore } from '../lease/dir.ts';
import type { Lease } from '../lease/hold.ts';
import { acquireLease } from '../lease/lease.ts';
import { thisProcess } from '../lease/who.ts';
import { isAlive } from '../process-identity.ts';
import { sweepBoxes } from '../rehearsal/records.ts';
import type { Request } from '../request.ts';
import { settleRun } from '../settle/run.ts';
import { stillOpen } from '../vault/open.ts';
import { sweptRoots } from '../vault/root.ts';
import { sweepVaults } from '../vault/sweep.ts';
import { kindOf } from './kind.ts';
import { runUrl } from './run-url.ts';
import { stateDirOf } from './state-dir.ts';
import { sweepWorkspaces, workspaceOf } from './workspace.ts';

/** A run that has its castle to itself and its journal open. */
export interface Opened {
  readonly id: string;
  readonly home: string;
  readonly journal: Journal;
  /** The lease on this machine. */
  readonly lease: Lease;
}

/** A run of another machine that nobody there has settled in this time will not be settled any more. */
const forgottenMs = 30 * 24 * 3600 * 1000;
/** How long the engines of a dead run are waited for, whatever their layers' timeouts are. */
const adoptWithinMs = 60 * 60 * 1000;

/**
 * Takes the castle on this machine, opens the journal, and cleans up after runs that died before it: so that what they
 * left cannot be in the way of this one. Throws PHX-LEASE-HELD where another run has the castle.
 */
export async function openRun(
  castle: Castle,
  request: Request,
  edge: Edge,
  ends: AsyncDisposableStack,
): Promise<Opened> {
  const { env, log, signal } = edge;
  const home = castleHome(castle, env);
  const stateDir = stateDirOf(castle);
  const id = randomUUID();
  edge.onRun(runFolder(home, id));
  // Before the lease, whose own words would speak of a place where states are.
  await mkdir(home, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw unwritten(home, cause);
  });
  const owner = await thisProcess();
  const url = runUrl(env);
  const lease = await acquireLease(
    dirStore(join(home, 'lease')),
    { run: id, castle: castle.name, owner, url },
    { ttlSeconds: castle.lease.ttlSeconds, waitSeconds: castle.lease.waitSeconds, signal, log },
  );
  ends.use(lease);
  const journal = await openJournal(home, id);
  ends.use(journal);
  journal.write({
    type: 'begin',
    run: id,
    castle: castle.name,
    castleFile: castle.file,
    owner: { pid: owner.pid, startTime: owner.startTime, bootId: owner.bootId },
    machine: await thisMachine(),
    url,
    reportFile: resolve(edge.cwd, request.report),
    workspace: workspaceOf({ stateDir, id }),
    ...kindOf(request, castle),
  });
  signal.addEventListener(
    'abort',
    () => journal.write({ type: 'cancel', signal: String(signal.reason?.why) }),
    {
      once: true,
    },
  );
  await sweep(home, stateDir, edge);
  return { id, home, journal, lease };
}

/** Of another machine, or another container of this one: what it left cannot be seen from here, so it is left to them. */
function isElsewhere({ begin: { machine } }: RunRecord, here: Machine): boolean {
  const otherSpace = machine.bootId === here.bootId && machine.pidSpace !== here.pidSpace;
  return machine.host !== here.host || otherSpace;
}

/** Cleans up after the dead: their engines, states, locks, logins, vaults, folders, boxes. */
async function sweep(home: string, stateDir: string, edge: Edge): Promise<void> {
  const { log, signal, redactor, fetch, env } = edge;
  const [runs, here] = await Promise.all([readRuns(home), thisMachine()]);
  for (const record of runs) {
    if (isOver(record) || isElsewhere(record, here) || (await isAlive(record.begin.owner))) continue;
    const { run, at, machine } = record.begin;
    log.warn(
      `run ${run.slice(0, 8)} of ${new Date(at).toISOString()} died ${whereItDied(record)}; cleaning up after it`,
    );
    if (record.vault !== undefined && machine.bootId !== here.bootId)
      log.warn(
        'the machine was booted since: the vault of that run is gone, with its secrets and what its layers said',
      );
    const until = Date.now() + adoptWithinMs;
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
  }
  // One that cannot be wiped is in nobody's way, and is tried again by each run.
  await sweepVaults(await sweptRoots(env), (dir, how) =>
    log.warn(`wiped the vault ${dir}, which a dead run left${how === 'lazy' ? `; ${stillOpen}` : ''}`),
  ).catch((thrown: unknown) => log.warn(messageOf(thrown)));
  await sweepWorkspaces(stateDir);
  const { processes } = await sweepBoxes(stateDir);
  if (processes.length > 0) log.warn(`ended what a dead rehearsal left: ${processes.join(', ')}`);
  const old = Date.now() - forgottenMs;
  const over = runs.filter(
    (record) => isOver(record) || (isElsewhere(record, here) && record.begin.at < old),
  );
  await pruneRuns(over.map(({ dir, begin }) => ({ dir, at: begin.at })));
}
