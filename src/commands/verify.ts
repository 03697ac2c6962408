import type { Edge } from '../edge.ts';
import { clearPassage } from '../keepsake/passage.ts';
import { openKeepsake } from '../keepsake/store.ts';
import { conduct } from '../rebirth/conduct.ts';
import { createProgress } from '../rebirth/progress.ts';
import { probesOf, supported } from '../rebirth/supported.ts';
import { verifyCastle } from '../rebirth/verify.ts';
import type { Request } from '../request.ts';
import { beginRun } from './begin.ts';
import { concludeRun } from './conclude.ts';
import type { CommandResult } from './result.ts';

/** Holds a castle that lives against its milestones, at the revision that its own token reads now. Runs no layer. */
export async function verify(request: Request, edge: Edge): Promise<CommandResult> {
  const { ledger, castle } = await beginRun(request, edge);
  for (const probe of probesOf(castle)) supported(probe, castle);
  const progress = createProgress('verified');
  await conduct(castle, { ...request, only: [], from: '' }, edge, ledger, progress, async (prepared) => {
    await verifyCastle(prepared);
    // The legs of a matrix have rebuilt it: what a rebirth from nothing would go on with is done.
    if (progress.failures.length === 0) await clearPassage(openKeepsake(prepared), edge.log);
  });
  return concludeRun(castle, request, edge, ledger, progress);
}
