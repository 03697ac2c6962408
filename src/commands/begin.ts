import { resolve } from 'node:path';
import { type Castle, loadCastle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { refuseForeignJobs } from '../identity/policy.ts';
import { createLedger, epochClock, type Ledger } from '../report/ledger.ts';
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
  return { ledger, castle };
}
