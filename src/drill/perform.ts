import { rebuildFromNothing } from '../rebirth/from-nothing.ts';
import type { Prepared } from '../rebirth/protocol.ts';
import { rebuild } from '../rebirth/rebuild.ts';
import { endsWithRun } from '../rehearsal/lasting.ts';
import type { Request } from '../request.ts';

/**
 * The work of a drill: a rebirth from nothing. In a box of the run's own nothing stands before, so the castle is raised
 * first: all of it is one run, with one lease, one ledger and one leak audit.
 */
export async function performDrill(
  prepared: Prepared,
  request: Pick<Request, 'without-witness'>,
): Promise<void> {
  const { run, edge, progress } = prepared;
  if (!endsWithRun(run.castle, edge.env)) return rebuildFromNothing(prepared, request);
  const firstBirthSeconds = await raiseFirst(prepared);
  if (progress.failures.length > 0) return;
  run.signal.throwIfAborted();
  await rebuildFromNothing(prepared, request, firstBirthSeconds);
}

/**
 * The first birth, and its seconds. What it found out of the castle is forgotten after it, since it is of a cluster that
 * is destroyed next; where it fails, that is what the run is about.
 */
async function raiseFirst(prepared: Prepared): Promise<number> {
  const { run, progress } = prepared;
  const { castle, ledger, log } = run;
  const began = ledger.seconds();
  log.info(`drill: nothing of ${castle.name} stands in a box of its own, so it is raised first`);
  await rebuild(prepared);
  if (progress.failures.length > 0) return ledger.seconds() - began;
  log.info(`drill: ${castle.name} stands; now it is destroyed`);
  progress.layers.clear();
  progress.gates.clear();
  progress.milestones.clear();
  delete progress.access;
  delete progress.claimed;
  return ledger.seconds() - began;
}
