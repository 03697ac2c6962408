import type { Castle } from '../castle/load.ts';
import { assertConfirmed, isConfirmed } from '../destroy/confirm.ts';
import { assertWhole, nukeSettings } from '../destroy/criteria.ts';
import { destroyAlone } from '../destroy/guarded.ts';
import { showNuke } from '../destroy/show.ts';
import type { Edge } from '../edge.ts';
import { PhoenixError } from '../errors.ts';
import { conduct } from '../rebirth/conduct.ts';
import { createProgress } from '../rebirth/progress.ts';
import { endsWithRun, lastingBoxVariable } from '../rehearsal/lasting.ts';
import type { Request } from '../request.ts';
import { beginRun } from './begin.ts';
import { concludeRun } from './conclude.ts';
import type { CommandResult } from './result.ts';

/** Destroys a castle where its name is typed, by its layers in the reverse of their order, or by its VMs; see docs/destroy.md. */
export async function destroy(request: Request, edge: Edge): Promise<CommandResult> {
  const { ledger, castle } = await beginRun(request, edge);
  assertOutlives(castle, edge);
  const nuke = nukeSettings(castle);
  if (nuke !== undefined) assertWhole(castle, request);
  const progress = createProgress('destroyed');
  if (nuke !== undefined && !isConfirmed(castle, request)) {
    await showNuke(nuke, { castle, request, edge, ledger, progress });
    return concludeRun(castle, request, edge, ledger, progress);
  }
  await ledger.span('confirm', 'phase', () => assertConfirmed(castle, request, edge));
  await conduct(castle, request, edge, ledger, progress, (prepared) => destroyAlone(prepared, request));
  return concludeRun(castle, request, edge, ledger, progress);
}

/** Throws PHX-DESTROY-BOX for a box that ends with the run. */
export function assertOutlives(castle: Castle, { env }: Edge): void {
  if (!endsWithRun(castle, env)) return;
  throw new PhoenixError({
    code: 'PHX-DESTROY-BOX',
    class: 'input',
    what: 'There is no castle of the box to destroy.',
    why: `Its cluster lives as long as the rehearsal that made it, and ${lastingBoxVariable} names no box that outlives one.`,
    next: 'Give the castle file of a real castle by --castle.',
    at: { file: castle.file },
  });
}
