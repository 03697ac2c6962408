import type { Edge } from '../edge.ts';
import { assertStore } from '../rebirth/claim-gate.ts';
import { conduct } from '../rebirth/conduct.ts';
import { supported } from '../rebirth/milestones.ts';
import { createProgress } from '../rebirth/progress.ts';
import { rebuild } from '../rebirth/rebuild.ts';
import type { Request } from '../request.ts';
import { beginRun } from './begin.ts';
import { concludeRun } from './conclude.ts';
import type { CommandResult } from './result.ts';

/** The protocol in one job: login → vault → layers by their graph with gates → verify → report. */
export async function rebirth(request: Request, edge: Edge): Promise<CommandResult> {
  const { ledger, castle } = await beginRun(request, edge);
  for (const check of castle.milestones.flatMap(({ all }) => all)) supported(check, castle);
  if (castle.claim !== undefined) assertStore(castle);

  const progress = createProgress();
  await conduct(castle, request, edge, ledger, progress, rebuild);
  return concludeRun(castle, request, edge, ledger, progress);
}
