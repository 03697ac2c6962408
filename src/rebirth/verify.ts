import { proveToken } from '../cluster/claim.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { prepareLadder } from './ladder.ts';
import { watchMilestones } from './milestones.ts';
import { verifyProbes } from './probes.ts';
import type { Prepared } from './protocol.ts';

/** The work of `verify`: the cluster by the kubeconfig in its layer's state, the revision by the cluster's own token. */
export async function verifyCastle(prepared: Prepared): Promise<void> {
  const { run, edge, progress, workspace, plan, secrets } = prepared;
  const { castle, ledger } = run;
  const { claim } = castle;
  if (castle.kubeconfig !== undefined) {
    progress.access = await ledger.span('kubeconfig', 'phase', () =>
      readKubeconfig(run, workspace, plan.layers, secrets),
    );
  }
  const { access } = progress;
  if (claim !== undefined && access !== undefined) {
    const request = { names: claim, token: claim.token, repository: claim.repository };
    progress.claimed = await ledger.span('token', 'phase', () =>
      proveToken(
        { ...request, branch: castle.gitops?.branch ?? 'main' },
        {
          cluster: access.cluster,
          log: run.log,
          signal: AbortSignal.any([run.signal, AbortSignal.timeout(claim.withinSeconds * 1000)]),
          onSecret: (name, value) => run.redactor.add(name, value),
          fetch: edge.fetch,
        },
      ),
    );
  }
  if (castle.milestones.length === 0 && castle.verify.probes.length === 0)
    run.log.warn('the castle file names no milestones and no probes: nothing but the token is verified');
  const database = await prepareLadder(prepared);
  const milestones = watchMilestones(run, progress, database);
  milestones.begin();
  await ledger.span('verify', 'phase', async () => {
    await milestones.finished();
    await verifyProbes(run, progress, database, 'whatever came before');
  });
}
