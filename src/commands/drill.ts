import { join } from 'node:path';
import { assertConfirmed, isConfirmed } from '../destroy/confirm.ts';
import { nukeSettings } from '../destroy/criteria.ts';
import { showNuke } from '../destroy/show.ts';
import { figuresWithTrend } from '../drill/judge.ts';
import { performDrill } from '../drill/perform.ts';
import { keepDrill } from '../drill/record.ts';
import { ownCastle } from '../drill/which.ts';
import type { Edge } from '../edge.ts';
import { assertStore } from '../rebirth/claim-gate.ts';
import { conduct } from '../rebirth/conduct.ts';
import { createProgress } from '../rebirth/progress.ts';
import { probesOf, supported } from '../rebirth/supported.ts';
import type { Request } from '../request.ts';
import { beginRun } from './begin.ts';
import { concludeRun } from './conclude.ts';
import type { CommandResult } from './result.ts';

/**
 * Proves that the castle would come back: destroys it, rebuilds it, looks for what was written before, and keeps the
 * figures. Without a castle file it is the box that comes with Phoenix.
 */
export async function drill(asked: Request, edge: Edge): Promise<CommandResult> {
  const own = ownCastle({ platform: process.platform, uid: process.getuid?.() });
  const place = asked.castle === '' ? { castle: join(edge.home, own.castle), node: own.node } : {};
  const request: Request = { ...asked, ...place, command: 'rebirth', 'from-nothing': true };
  const { ledger, castle } = await beginRun(request, edge);
  for (const probe of probesOf(castle)) supported(probe, castle);
  if (castle.claim !== undefined) assertStore(castle);

  const progress = createProgress();
  const nuke = nukeSettings(castle);
  if (nuke !== undefined && !isConfirmed(castle, request)) {
    await showNuke(nuke, { castle, request, edge, ledger, progress });
    return concludeRun(castle, request, edge, ledger, progress);
  }
  // A box holds nothing that could be lost, but a name that is typed must be the right one.
  if (!castle.box || request.confirm !== '')
    await ledger.span('confirm', 'phase', () => assertConfirmed(castle, request, edge));
  await conduct(castle, request, edge, ledger, progress, (prepared) => performDrill(prepared, request));
  const result = await concludeRun(castle, request, edge, ledger, progress, (report) =>
    figuresWithTrend(castle, report, { faults: request.fault, restarts: progress.restarts }, edge),
  );
  if (result.report === undefined || edge.signal.aborted) return result;
  const cautions = await keepDrill(castle, result.report, edge, { branch: request.history });
  return { ...result, cautions: [...(result.cautions ?? []), ...cautions] };
}
