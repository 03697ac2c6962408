import { resolve } from 'node:path';
import { type Castle, loadCastle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { PhoenixError } from '../errors.ts';
import { refuseForeignJobs } from '../identity/policy.ts';
import { createLedger, epochClock, type Ledger } from '../report/ledger.ts';
import { foreignFile } from '../report/write.ts';
import type { Request } from '../request.ts';

/**
 * The first step of every run that gets secrets: its ledger, its castle, and whether this job may have any. The clock
 * starts with the process: loading this program is a part of what the user waits for.
 */
export async function beginRun(
  request: Request,
  edge: Edge,
): Promise<{ readonly ledger: Ledger; readonly castle: Castle }> {
  const ledger = createLedger(epochClock, new Date(performance.timeOrigin), performance.timeOrigin);
  ledger.record('start-up', 'phase', performance.timeOrigin, epochClock());
  const castle = await ledger.span('castle', 'phase', () =>
    loadCastle(resolve(edge.cwd, request.castle || 'phoenix.yaml')),
  );
  await refuseForeignJobs(edge.env, castle);
  await refuseForeignFiles(request, edge);
  if (!castle.box) refuseBoxOptions(request);
  return { ledger, castle };
}

/** Before anything is done, since nothing is worse than a report that is refused its place at the end. */
async function refuseForeignFiles({ report, page }: Request, { cwd }: Edge): Promise<void> {
  const foreign =
    (await foreignFile(resolve(cwd, report))) ??
    (page === '' ? undefined : await foreignFile(resolve(cwd, page), 'page'));
  if (foreign !== undefined) throw foreign;
}

function refuseBoxOptions({ fault, seed }: Request): void {
  const option = fault.length > 0 ? 'fault' : seed === undefined ? undefined : 'seed';
  if (option === undefined) return;
  throw new PhoenixError({
    code: 'PHX-INPUT-USAGE',
    class: 'input',
    what: `\`${option}\` means nothing for this castle.`,
    why: 'It is of the box alone, and the castle file does not say `box: true`: there is no stand-in to take it.',
    next: 'Leave it out, or rehearse: `phoenix rehearse`.',
  });
}
