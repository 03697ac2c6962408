import { PhoenixError } from '../errors.ts';
import { beginApply } from './begin-apply.ts';
import { passClaim } from './claim-gate.ts';
import { shownName } from './graph.ts';
import { prepareLadder } from './ladder.ts';
import { runLayers } from './layers.ts';
import { watchMilestones } from './milestones.ts';
import { verifyProbes } from './probes.ts';
import type { Prepared } from './protocol.ts';

/** The work of a rebirth in one job. */
export async function rebuild(prepared: Prepared): Promise<void> {
  await beginApply(prepared);
  await raise(prepared);
}

/** Layers and gates by their graph, then the milestones and the probes. */
export async function raise(prepared: Prepared): Promise<void> {
  const { run, progress, workspace, plan, secrets, identity } = prepared;
  run.log.info(`plan: ${plan.nodes.map(({ id }) => shownName(id)).join(', ')}`);
  const database = await prepareLadder(prepared);
  const milestones = watchMilestones(run, progress, database);
  await runLayers(plan.nodes, plan.layers, {
    run,
    progress,
    workspace,
    secrets,
    async passClaim() {
      await passClaim(prepared);
      milestones.begin();
    },
  });
  const failure = progress.failures.find(({ error }) => !milestones.missed.has(error));
  if (failure !== undefined) milestones.abandon(unreachable(failure.name));
  else milestones.begin();
  await run.ledger.span('verify', 'phase', async () => {
    await milestones.finished();
    await verifyProbes(run, progress, database);
  });
  if (progress.failures.length === 0 && progress.claimed !== undefined) await identity?.retireOlder();
}

function unreachable(part: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-VERIFY-ABANDONED',
    class: 'verify',
    what: 'The milestones that were still open were given up.',
    why: `${part} failed, so this run cannot reach them.`,
    next: `Mend ${part} first; its error stands above.`,
  });
}
