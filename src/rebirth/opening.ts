import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Castle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { castleHome } from '../journal/home.ts';
import { type Journal, openJournal, runFolder, thisMachine, unwritten } from '../journal/journal.ts';
import { dirStore } from '../lease/dir.ts';
import { groupOf } from '../lease/group.ts';
import type { Lease } from '../lease/hold.ts';
import { acquireLease } from '../lease/lease.ts';
import { thisProcess } from '../lease/who.ts';
import type { Request } from '../request.ts';
import { kindOf } from './kind.ts';
import { runUrl } from './run-url.ts';
import { stateDirOf } from './state-dir.ts';
import { sweep } from './sweep.ts';
import { workspaceOf } from './workspace.ts';

/** A run that has its castle to itself and its journal open. */
export interface Opened {
  readonly id: string;
  readonly home: string;
  readonly journal: Journal;
  /** The lease on this machine. */
  readonly lease: Lease;
  /** Those that this run holds the castle together with: the legs of one workflow run. */
  readonly group: string | undefined;
}

/**
 * Takes the castle on this machine, opens the journal, and cleans up after runs that died before it: so that what they
 * left cannot be in the way of this one. Throws PHX-LEASE-HELD where another run has the castle; legs of one workflow run
 * have it together.
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
  const kind = kindOf(request, castle);
  const group = kind.mode === 'matrix' ? groupOf(env) : undefined;
  const who = { run: id, castle: castle.name, owner, url, ...(group === undefined ? {} : { group }) };
  const lease = await acquireLease(dirStore(join(home, 'lease')), who, {
    ttlSeconds: castle.lease.ttlSeconds,
    waitSeconds: castle.lease.waitSeconds,
    signal,
    log,
  });
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
    // A plan writes none.
    reportFile: request.report === '' ? '' : resolve(edge.cwd, request.report),
    ...(request.page === '' ? {} : { pageFile: resolve(edge.cwd, request.page) }),
    workspace: workspaceOf({ stateDir, id }),
    ...kind,
    ...(request['from-nothing'] ? { fromNothing: true } : {}),
  });
  signal.addEventListener(
    'abort',
    () => journal.write({ type: 'cancel', signal: String(signal.reason?.why) }),
    {
      once: true,
    },
  );
  await sweep({ home, stateDir, who }, edge);
  return { id, home, journal, lease, group };
}
