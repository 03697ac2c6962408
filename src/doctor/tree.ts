import { shownName } from '../rebirth/graph.ts';
import { type Check, ofCastle, ok } from './check.ts';

export const tree: Check = {
  id: 'tree.plan',
  why: 'A cycle, a missing dependency or a unit that does not parse ends a rebirth before its first layer.',
  look: ofCastle(async (_, __, { planned }) => {
    const found = await planned();
    return 'status' in found ? found : ok(found.plan.nodes.map(({ id }) => shownName(id)).join(', '));
  }),
};
