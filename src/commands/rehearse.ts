import { join } from 'node:path';
import { loadCastle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { PhoenixError } from '../errors.ts';
import { boxCastle, nodeCastle, type Request } from '../request.ts';
import { rebirth } from './rebirth.ts';
import type { CommandResult } from './result.ts';

/** A rebirth in the box: the castle that comes with Phoenix, or another whose castle file says `box: true`. */
export async function rehearse(request: Request, edge: Edge): Promise<CommandResult> {
  const file = request.castle || join(edge.home, request.node === 'real' ? nodeCastle : boxCastle);
  const castle = await loadCastle(file);
  if (!castle.box) {
    throw new PhoenixError({
      code: 'PHX-BOX-CASTLE',
      class: 'input',
      what: `${file} is not a castle of the box.`,
      why: 'Its castle file does not say `box: true`, so a rebirth of it would reach for real machines.',
      next: 'Leave --castle out to rehearse with the castle that comes with Phoenix, or use `phoenix rebirth` for a real one.',
      at: { file },
    });
  }
  return rebirth({ ...request, castle: file }, edge);
}
