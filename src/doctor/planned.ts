import type { Castle } from '../castle/load.ts';
import { placeholders, writeNothing } from '../commands/plan.ts';
import type { Edge } from '../edge.ts';
import type { PhoenixError } from '../errors.ts';
import { layerEnvironment } from '../layer/environment.ts';
import type { Terragrunt } from '../plan/ask.ts';
import { makePlan, type Plan } from '../rebirth/plan.ts';
import { lockFileOf, toolRequests } from '../rebirth/toolchain.ts';
import { toolsAtHand } from './at-hand.ts';
import { type Finding, failed, listed, skipped } from './check.ts';

export interface Planned {
  readonly plan: Plan;
  readonly terragrunt: Terragrunt;
}

/** Plans when it is first asked and never again: each check that needs the plan would hash the tools and ask Terragrunt anew. */
export function planOnce(castle: Castle | PhoenixError, edge: Edge): () => Promise<Planned | Finding> {
  let planned: Promise<Planned | Finding> | undefined;
  return () => {
    planned ??=
      castle instanceof Error
        ? Promise.resolve(skipped(`the castle file does not load (${castle.code})`))
        : planTools(castle, edge);
    return planned;
  };
}

/** The castle's plan, made with the tools at hand; a finding where they are not at hand. */
async function planTools(castle: Castle, edge: Edge): Promise<Planned | Finding> {
  const { signal } = edge;
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
