import { assertConfirmed, isConfirmed } from '../destroy/confirm.ts';
import { nukeSettings } from '../destroy/criteria.ts';
import { showNuke } from '../destroy/show.ts';
import type { Edge } from '../edge.ts';
import { clearPassage } from '../keepsake/passage.ts';
import { openKeepsake } from '../keepsake/store.ts';
import { assertStore } from '../rebirth/claim-gate.ts';
import { conduct } from '../rebirth/conduct.ts';
import { rebuildFromNothing } from '../rebirth/from-nothing.ts';
import { createProgress } from '../rebirth/progress.ts';
import { rebuild } from '../rebirth/rebuild.ts';
import { probesOf, supported } from '../rebirth/supported.ts';
import type { Request } from '../request.ts';
import { beginRun } from './begin.ts';
import { concludeRun } from './conclude.ts';
import { assertOutlives } from './destroy.ts';
import type { CommandResult } from './result.ts';

/** The protocol in one job: login → vault → layers by their graph with gates → verify → report. */
export async function rebirth(request: Request, edge: Edge): Promise<CommandResult> {
  const { ledger, castle } = await beginRun(request, edge);
  for (const probe of probesOf(castle)) supported(probe, castle);
  if (castle.claim !== undefined) assertStore(castle);

  if (request['from-nothing']) {
    assertOutlives(castle, edge);
    const nuke = nukeSettings(castle);
    if (nuke !== undefined && !isConfirmed(castle, request)) {
      const progress = createProgress();
      await showNuke(nuke, { castle, request, edge, ledger, progress });
      return concludeRun(castle, request, edge, ledger, progress);
    }
    await ledger.span('confirm', 'phase', () => assertConfirmed(castle, request, edge));
  }
  const progress = createProgress();
  await conduct(castle, request, edge, ledger, progress, async (prepared) => {
    if (request['from-nothing']) return rebuildFromNothing(prepared, request);
    await rebuild(prepared);
    const whole = request.only.length === 0 && request.from === '' && !request.affected;
    if (whole && progress.failures.length === 0) await clearPassage(openKeepsake(prepared), edge.log);
  });
  return concludeRun(castle, request, edge, ledger, progress);
}
