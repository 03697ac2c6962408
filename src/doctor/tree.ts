import type { Castle } from '../castle/load.ts';
import { placeholders, writeNothing } from '../commands/plan.ts';
import { layerEnvironment } from '../layer/environment.ts';
import type { Terragrunt } from '../plan/ask.ts';
import { shownName } from '../rebirth/graph.ts';
import { makePlan, type Plan } from '../rebirth/plan.ts';
import { lockFileOf, toolRequests } from '../rebirth/toolchain.ts';
import { toolsAtHand } from './at-hand.ts';
import { type Check, type Finding, failed, listed, ofCastle, ok, type Subject, skipped } from './check.ts';

export interface Planned {
  readonly plan: Plan;
  readonly terragrunt: Terragrunt;
}

/** The castle's plan, made with the tools at hand; a finding where they are not at hand. */
export async function planTools(
  castle: Castle,
  { edge, signal }: Pick<Subject, 'edge' | 'signal'>,
): Promise<Planned | Finding> {
  const requests = toolRequests(castle).filter(({ name }) => name === castle.engine || name === 'terragrunt');
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
  const plan = await makePlan(castle, asked, { terragrunt, engine, env }, { log: edge.log, signal });
  return { plan, terragrunt: { terragrunt, tofu: engine, env, signal } };
}

export const tree: Check = {
  id: 'tree.plan',
  why: 'A cycle, a missing dependency or a unit that does not parse ends a rebirth before its first layer.',
  look: ofCastle(async (castle, _, subject) => {
    const found = await planTools(castle, subject);
    return 'status' in found ? found : ok(found.plan.nodes.map(({ id }) => shownName(id)).join(', '));
  }),
};
