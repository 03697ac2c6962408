import type { StoreSettings } from '../cluster/identity-manifests.ts';
import type { Edge } from '../edge.ts';
import type { Session } from '../identity/session.ts';
import { endedEngines } from '../journal/read.ts';
import { ancestors } from '../plan/graph.ts';
import type { Request } from '../request.ts';
import { leaveAudit, leaveSampled } from '../settle/handover.ts';
import type { InstalledTool, ToolName } from '../toolchain/install.ts';
import { auditPlan, auditRun, sampleProcesses } from './audit.ts';
import { findStore } from './claim-gate.ts';
import { openSession } from './identity.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { type MachineIdentity, takeMachineIdentity } from './machine-identity.ts';
import { makePlan, type Plan } from './plan.ts';
import type { Progress } from './progress.ts';
import type { Run } from './run.ts';
import { layOutSecrets, type RunSecrets } from './secrets.ts';
import { findStates, holdStates, type States } from './state-lease.ts';
import { makeWorkspace, removeRunFolder, type Workspace, workspaceOf } from './workspace.ts';

/** What a run has before its work begins: the plan, its secrets, the castle to itself. */
export interface Prepared {
  readonly run: Run;
  readonly edge: Edge;
  readonly progress: Progress;
  readonly workspace: Workspace;
  readonly plan: Plan;
  /** Where the castle's states are; a text says why there is no place that its runs share. */
  readonly states: States | string;
  readonly secrets: RunSecrets;
  readonly store: StoreSettings | undefined;
  readonly identity: MachineIdentity | undefined;
  /** The login to the source of secrets; undefined where the castle has none. */
  readonly session: Session | undefined;
}

/** The work of a run: a rebirth, a leg of one, the claim alone, the verification alone. */
export type Work = (prepared: Prepared) => Promise<void>;

/** The protocol itself, once there are tools, a vault and, in a rehearsal, a box. */
export async function protocol(
  run: Run,
  tools: ReadonlyMap<ToolName, InstalledTool>,
  request: Request,
  edge: Edge,
  progress: Progress,
  ends: AsyncDisposableStack,
  work: Work,
): Promise<void> {
  const { castle, ledger, log } = run;
  const workspace = await ledger.span('workspace', 'phase', async () => {
    ends.defer(() => removeRunFolder(workspaceOf(run)));
    await leaveAudit(run.vault, auditPlan(run));
    return makeWorkspace(run, tools);
  });
  const sampler = sampleProcesses(run);
  try {
    const discovered = () =>
      ledger.span('plan', 'phase', () =>
        makePlan(
          castle,
          planned(request),
          {
            terragrunt: workspace.terragrunt,
            engine: workspace.starter.engine,
            env: workspace.environment({}),
          },
          run,
        ),
      );
    const early = request.affected ? await discovered() : undefined;
    if (early?.affected !== undefined) {
      progress.affected = early.affected;
      // Where nothing is to be done no secret is asked for.
      if (early.nodes.length === 0 && !early.affected.gitops) {
        progress.good = 'untouched';
        return;
      }
    }
    const [plan, { secrets, store, identity, session }] = await bothEnded(
      early ?? discovered(),
      ledger.span('identity', 'phase', async () => {
        const session = await openSession(run, edge.fetch);
        if (session !== undefined) ends.use(session);
        const given = await layOutSecrets(run, session, { deletes: destroys(request) });
        if (!claims(request)) return { secrets: given, store: undefined, identity: undefined, session };
        const found = await findStore(run, session);
        const own = await takeMachineIdentity(run, session, given, edge.fetch);
        if (own !== undefined) progress.identity = ends.use(own).told;
        return { secrets: given, store: found, identity: own, session };
      }),
    );
    if (standsOnCluster(plan, castle.kubeconfig?.layer, request)) {
      progress.access = await ledger.span('kubeconfig', 'phase', () =>
        readKubeconfig(run, workspace, plan.layers, secrets),
      );
    }
    const states = await findStates(run, workspace, [...plan.layers.values()], secrets);
    const held = await holdStates(run, states, edge.fetch);
    if (held !== undefined) {
      ends.use(held);
      ends.defer(async () => held.ended(await endedEngines(run.home, run.id)));
    }
    await work({ run, edge, progress, workspace, plan, states, secrets, store, identity, session });
  } finally {
    if (run.handsOver()) await leaveSampled(run.vault, await sampler.stop());
    else {
      await ledger.span('leak audit', 'phase', async () => auditRun(run, await sampler.stop(), progress));
      log.info(
        `leak audit: ${progress.leaks.checked} places looked at, ${progress.leaks.found.length} leaks`,
      );
    }
  }
}

/** A destroy goes through the castle in an order of its own; see destroy/order.ts. */
function planned(request: Request): Request {
  return request.command === 'destroy' ? { ...request, only: [], from: '' } : request;
}

/** Whether this run may destroy the castle, be it to rebuild it. */
function destroys({
  command,
  'from-nothing': fromNothing,
}: Pick<Request, 'command' | 'from-nothing'>): boolean {
  return command === 'destroy' || (command === 'rebirth' && fromNothing);
}

/** Whether this run hands the machine identity over: else it takes none, and makes none. */
function claims({ command, only }: Pick<Request, 'command' | 'only'>): boolean {
  return command === 'layers' ? only.includes('claim') : command !== 'verify' && command !== 'destroy';
}

/**
 * Whether the kubeconfig must come from the state of a layer that this run leaves out. A leg may also stand before that
 * layer, as those do that the cluster is made of.
 */
function standsOnCluster({ graph, nodes }: Plan, layer: string | undefined, { command }: Request): boolean {
  if (layer === undefined || nodes.some(({ id }) => id === layer)) return false;
  const below = ancestors(
    graph,
    nodes.map(({ id }) => id),
  );
  return command !== 'layers' || below.has(layer);
}

/** Where one fails the other is still waited for: a login or a client secret that comes too late would belong to nobody. */
async function bothEnded<A, B>(first: A | Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return Promise.all([first, second]);
}
