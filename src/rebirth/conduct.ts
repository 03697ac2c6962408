import { whenAborted } from '../cancellation.ts';
import type { Castle } from '../castle/load.ts';
import type { StoreSettings } from '../cluster/identity-manifests.ts';
import type { Edge } from '../edge.ts';
import { PhoenixError, toPhoenixError } from '../errors.ts';
import { endedEngines } from '../journal/read.ts';
import { openRehearsal } from '../rehearsal/rehearsal.ts';
import type { Ledger } from '../report/ledger.ts';
import type { Request } from '../request.ts';
import { leaveAudit, leaveSecrets } from '../settle/handover.ts';
import { type InstalledTool, installToolchain, type ToolName } from '../toolchain/install.ts';
import { openRunVault } from '../vault/open.ts';
import { watchRoom } from '../vault/room.ts';
import { auditPlan, auditRun, sampleProcesses } from './audit.ts';
import { findStore, passClaimGate } from './claim-gate.ts';
import { shownName } from './graph.ts';
import { openSession } from './identity.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { runLayers } from './layers.ts';
import { type MachineIdentity, takeMachineIdentity } from './machine-identity.ts';
import { watchMilestones } from './milestones.ts';
import { openRun } from './opening.ts';
import { makePlan, type Plan } from './plan.ts';
import { noteFailure, type Progress, verdictOf } from './progress.ts';
import type { Run } from './run.ts';
import { layOutSecrets, type RunSecrets } from './secrets.ts';
import { stateDirOf } from './state-dir.ts';
import { holdStates } from './state-lease.ts';
import { toldLedger } from './told.ts';
import { lockFileOf, toolRequests } from './toolchain.ts';
import { makeWorkspace, removeRunFolder, type Workspace, workspaceOf } from './workspace.ts';

/**
 * Conducts one run from toolchain to leak audit. What it learns goes into `progress`, also when it throws. A cancelled
 * run whose edge hands over ends nothing and cleans nothing: the step that comes after does, and this returns at once.
 */
export async function conduct(
  castle: Castle,
  request: Request,
  edge: Edge,
  ledger: Ledger,
  progress: Progress,
  work: Work = rebuild,
): Promise<void> {
  const ends = new AsyncDisposableStack();
  try {
    await prepare(castle, request, edge, ledger, progress, ends, work);
  } catch (thrown) {
    noteFailure(progress, 'run', toPhoenixError(edge.signal.aborted ? edge.signal.reason : thrown));
  } finally {
    if (handsOver(edge)) noteFailure(progress, 'run', toPhoenixError(edge.signal.reason));
    else {
      await ledger
        .span('clean-up', 'phase', () => ends.disposeAsync())
        .catch((thrown: unknown) => noteFailure(progress, 'clean-up', toPhoenixError(thrown)));
    }
  }
}

function handsOver({ onCancel, signal }: Pick<Edge, 'onCancel' | 'signal'>): boolean {
  return onCancel === 'hand-over' && signal.aborted;
}

/** Opens the run, installs the tools, opens the vault and, for a castle of the box, the box; then begins the protocol. */
async function prepare(
  castle: Castle,
  request: Request,
  edge: Edge,
  plainLedger: Ledger,
  progress: Progress,
  ends: AsyncDisposableStack,
  work: Work,
): Promise<void> {
  const { log, env } = edge;
  const stateDir = stateDirOf(castle);
  const opened = await plainLedger.span('opening', 'phase', () => openRun(castle, request, edge, ends));
  const { id, home, journal, lease } = opened;
  progress.run = id;
  // The last of the clean-up but for the lease: a run that is killed in the middle of it has not ended.
  ends.defer(() => journal.write({ type: 'end', verdict: verdictOf(progress) }));
  const ledger = toldLedger(plainLedger, journal, lease);
  const tools = await ledger.span('toolchain', 'phase', () =>
    installToolchain(toolRequests(castle), {
      lockFile: lockFileOf(castle, edge.home),
      env,
      log,
      signal: AbortSignal.any([edge.signal, lease.lost]),
    }),
  );
  for (const { name, version } of tools.values()) progress.versions[name] = version;
  const toolsReady = ledger.seconds();

  const stop = new AbortController();
  const vault = await openRunVault({
    id,
    env,
    settings: castle.vault,
    box: castle.box,
    announce: (dir) => journal.write({ type: 'vault', dir }),
    warn: (text) => log.warn(text),
  });
  ends.use(vault);
  edge.printed.keepIn(vault.dir);
  ends.defer(() => edge.printed.leave());
  leaveSecrets(vault, edge.redactor);
  const { redactor } = edge;
  const halt = (name: string, error: PhoenixError) => {
    // Before the layers that it stops tell of their end: it is the cause, they are what follows.
    noteFailure(progress, name, error);
    stop.abort(error);
  };
  whenAborted(lease.lost, () => halt('lease', toPhoenixError(lease.lost.reason)));
  ends.use(watchRoom(vault.dir, (error) => halt('vault', error)));
  const shared = {
    id,
    home,
    journal,
    handsOver: () => handsOver(edge),
    log,
    ledger,
    redactor,
    vault,
    stateDir,
    toolsReady,
  };
  const signal = AbortSignal.any([edge.signal, stop.signal]);
  let run: Run = { ...shared, stop: (error) => halt('lease', error), castle, env, signal, auditRoots: [] };
  if (castle.box) {
    const rehearsal = await ledger.span('box', 'phase', () => openRehearsal(run, tools, request, edge));
    ends.use(rehearsal);
    rehearsal.onDeath((error) => halt('box', error));
    progress.standIns.push(...rehearsal.standIns);
    run = {
      ...run,
      castle: rehearsal.castle,
      env: { ...env, ...rehearsal.env },
      auditRoots: rehearsal.auditRoots,
    };
  }
  await protocol(run, tools, request, edge, progress, ends, work);
}

/** What a run has before its work begins: the plan, its secrets, the castle to itself. */
export interface Prepared {
  readonly run: Run;
  readonly edge: Edge;
  readonly progress: Progress;
  readonly workspace: Workspace;
  readonly plan: Plan;
  readonly secrets: RunSecrets;
  readonly store: StoreSettings | undefined;
  readonly identity: MachineIdentity | undefined;
}

/** The work of a run: a rebirth, or the claim alone. */
export type Work = (prepared: Prepared) => Promise<void>;

/** The protocol itself, once there are tools, a vault and, in a rehearsal, a box. */
async function protocol(
  run: Run,
  tools: ReadonlyMap<ToolName, InstalledTool>,
  request: Request,
  edge: Edge,
  progress: Progress,
  ends: AsyncDisposableStack,
  work: Work,
): Promise<void> {
  const { castle, ledger, log } = run;
  const workspace = await makeWorkspace(run, tools);
  ends.defer(() => removeRunFolder(workspaceOf(run)));
  await leaveAudit(run.vault, auditPlan(run));
  const sampler = sampleProcesses(run);
  try {
    const [plan, { secrets, store, identity }] = await bothEnded(
      ledger.span('plan', 'phase', () =>
        makePlan(castle, request, { ...workspace, env: workspace.environment({}) }, run),
      ),
      ledger.span('identity', 'phase', async () => {
        const session = await openSession(run, edge.fetch);
        if (session !== undefined) ends.use(session);
        const given = await layOutSecrets(run, session);
        const found = await findStore(run, session);
        const own = await takeMachineIdentity(run, session, given, edge.fetch);
        if (own !== undefined) progress.identity = ends.use(own).told;
        return { secrets: given, store: found, identity: own };
      }),
    );
    if (castle.kubeconfig !== undefined && !plan.nodes.some(({ id }) => id === castle.kubeconfig?.layer)) {
      progress.access = await ledger.span('kubeconfig', 'phase', () =>
        readKubeconfig(run, workspace, plan.layers, secrets),
      );
    }
    const held = await holdStates(run, workspace, [...plan.layers.values()], secrets, edge.fetch);
    if (held !== undefined) {
      ends.use(held);
      ends.defer(async () => held.ended(await endedEngines(run.home, run.id)));
    }
    await work({ run, edge, progress, workspace, plan, secrets, store, identity });
  } finally {
    const sampled = await sampler.stop();
    if (!handsOver(edge)) {
      await ledger.span('leak audit', 'phase', () => auditRun(run, sampled, progress));
      log.info(
        `leak audit: ${progress.leaks.checked} places looked at, ${progress.leaks.found.length} leaks`,
      );
    }
  }
}

/** Where one fails the other is still waited for: a login or a client secret that comes too late would belong to nobody. */
async function bothEnded<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return Promise.all([first, second]);
}

/** Layers and gates by their graph, then the milestones. */
async function rebuild(prepared: Prepared): Promise<void> {
  const { run, edge, progress, workspace, plan, secrets, store, identity } = prepared;
  run.log.info(`plan: ${plan.nodes.map(({ id }) => shownName(id)).join(', ')}`);
  const milestones = watchMilestones(run, progress, edge.fetch);
  await runLayers(plan.nodes, plan.layers, {
    run,
    progress,
    workspace,
    secrets,
    async passClaim() {
      if (progress.access === undefined) throw noCluster();
      progress.claimed = await passClaimGate(run, progress.access, identity, store, edge.fetch);
      milestones.begin();
    },
  });
  const [failure] = progress.failures;
  if (failure !== undefined) milestones.abandon(unreachable(failure.name));
  else milestones.begin();
  await run.ledger.span('verify', 'phase', () => milestones.finished());
  if (progress.failures.length === 0 && progress.claimed !== undefined) await identity?.retireOlder();
}

function noCluster(): PhoenixError {
  return new PhoenixError({
    code: 'PHX-CLAIM-NO-CLUSTER',
    class: 'plan',
    what: 'There is no cluster to claim an identity in.',
    why: 'The layer that gives the kubeconfig did not run before the one that the claim stands behind.',
    next: 'Let `claim.after` name a layer that depends on `kubeconfig.layer`.',
  });
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
