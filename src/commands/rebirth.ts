import { resolve } from 'node:path';
import { loadCastle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { refuseForeignJobs } from '../identity/policy.ts';
import { assertStore } from '../rebirth/claim-gate.ts';
import { conduct } from '../rebirth/conduct.ts';
import { supported } from '../rebirth/milestones.ts';
import { createProgress } from '../rebirth/progress.ts';
import { createLedger, epochClock } from '../report/ledger.ts';
import type { Request } from '../request.ts';
import { concludeRun } from './conclude.ts';
import type { CommandResult } from './result.ts';

/** The protocol in one job: login → vault → layers by their graph with gates → verify → report. */
export async function rebirth(request: Request, edge: Edge): Promise<CommandResult> {
  // The clock starts with the process: loading this program is a part of what the user waits for.
  const ledger = createLedger(epochClock, new Date(performance.timeOrigin), performance.timeOrigin);
  ledger.record('start-up', 'phase', performance.timeOrigin, epochClock());
  const castle = await ledger.span('castle', 'phase', () =>
    loadCastle(resolve(edge.cwd, request.castle || 'phoenix.yaml')),
  );
  await refuseForeignJobs(edge.env, castle);
  for (const check of castle.milestones.flatMap(({ all }) => all)) supported(check, castle);
  if (castle.claim !== undefined) assertStore(castle);

  const progress = createProgress();
  await conduct(castle, request, edge, ledger, progress);
  return concludeRun(castle, request, edge, ledger, progress);
}
