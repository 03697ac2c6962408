import type { Edge } from '../edge.ts';
import { PhoenixError } from '../errors.ts';
import { assertStore } from '../rebirth/claim-gate.ts';
import { conduct } from '../rebirth/conduct.ts';
import { applyLeg } from '../rebirth/leg.ts';
import { createProgress } from '../rebirth/progress.ts';
import type { Request } from '../request.ts';
import { beginRun } from './begin.ts';
import { concludeRun } from './conclude.ts';
import type { CommandResult } from './result.ts';

/** One leg of a matrix: the layers (and the claim) that `only` names, with a login of its own; see docs/stages.md. */
export async function layers(request: Request, edge: Edge): Promise<CommandResult> {
  const { ledger, castle } = await beginRun(request, edge);
  if (request.only.length === 0) throw nothingNamed();
  if (request.only.includes('claim') && castle.claim !== undefined) assertStore(castle);
  const progress = createProgress('applied');
  await conduct(castle, request, edge, ledger, progress, applyLeg);
  return concludeRun(castle, request, edge, ledger, progress);
}

function nothingNamed(): PhoenixError {
  return new PhoenixError({
    code: 'PHX-LAYERS-NONE',
    class: 'input',
    what: 'No layer is named.',
    why: '`layers` applies exactly those that `only` names, and none is.',
    next: 'Give --only LAYER,LAYER (Action: input only), or use `rebirth` for the whole castle.',
  });
}
