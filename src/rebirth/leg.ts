import { beginApply } from './begin-apply.ts';
import { passClaim } from './claim-gate.ts';
import { shownName } from './graph.ts';
import { runLayers } from './layers.ts';
import type { Prepared } from './protocol.ts';

/** The work of one leg of a matrix: its layers and gates by their graph. Milestones are for `verify`. */
export async function applyLeg(prepared: Prepared): Promise<void> {
  const { run, progress, workspace, plan, secrets, identity } = prepared;
  run.log.info(`leg: ${plan.nodes.map(({ id }) => shownName(id)).join(', ')}`);
  await beginApply(prepared);
  await runLayers(plan.nodes, plan.layers, {
    run,
    progress,
    workspace,
    secrets,
    passClaim: () => passClaim(prepared),
  });
  if (progress.failures.length === 0 && progress.claimed !== undefined) await identity?.retireOlder();
}
