import { placeholders, writeNothing } from '../commands/plan.ts';
import { layerEnvironment } from '../layer/environment.ts';
import { shownName } from '../rebirth/graph.ts';
import { makePlan } from '../rebirth/plan.ts';
import { lockFileOf, toolRequests } from '../rebirth/toolchain.ts';
import { toolsAtHand } from './at-hand.ts';
import { type Check, failed, listed, ofCastle, ok, skipped } from './check.ts';

export const tree: Check = {
  id: 'tree.plan',
  why: 'A cycle, a missing dependency or a unit that does not parse ends a rebirth before its first layer.',
  look: ofCastle(async (castle, _, { edge, signal }) => {
    const requests = toolRequests(castle).filter(
      ({ name }) => name === castle.engine || name === 'terragrunt',
    );
    const { files, missing, altered } = await toolsAtHand(
      requests,
      lockFileOf(castle, edge.home),
      edge.env,
      signal,
    );
    if (altered.length > 0)
      return failed(
        `${listed(altered)} is not what it was when it was installed`,
        'Find out who writes to the tool cache besides Phoenix; a rebirth removes it and installs it anew.',
      );
    const [terragrunt, engine] = [files.get('terragrunt'), files.get(castle.engine)];
    if (terragrunt === undefined || engine === undefined)
      return skipped(
        `not installed yet: ${missing.join(', ')}; \`phoenix plan\` installs it and plans the tree`,
      );
    const env = layerEnvironment({ ...placeholders(castle), ...edge.env }, castle.env, writeNothing);
    const asked = { only: [], from: '' };
    const { nodes } = await makePlan(castle, asked, { terragrunt, engine, env }, { log: edge.log, signal });
    return ok(nodes.map(({ id }) => shownName(id)).join(', '));
  }),
};
