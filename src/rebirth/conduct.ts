import { whenAborted } from '../cancellation.ts';
import type { Castle } from '../castle/load.ts';
import { tellCastle } from '../castle/told.ts';
import type { Edge } from '../edge.ts';
import { type PhoenixError, toPhoenixError } from '../errors.ts';
import { layerTracing } from '../otel/send.ts';
import { thisJob } from '../owner.ts';
import { openRehearsal } from '../rehearsal/rehearsal.ts';
import type { Ledger } from '../report/ledger.ts';
import type { Request } from '../request.ts';
import { leaveSecrets } from '../settle/handover.ts';
import { installToolchain } from '../toolchain/install.ts';
import { openRunVault } from '../vault/open.ts';
import { watchRoom } from '../vault/room.ts';
import { openRun } from './opening.ts';
import { noteFailure, type Progress, verdictOf } from './progress.ts';
import { protocol, type Work } from './protocol.ts';
import type { Run } from './run.ts';
import { stateDirOf } from './state-dir.ts';
import { toldLedger } from './told.ts';
import { lockFileOf, toolRequests } from './toolchain.ts';

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
  work: Work,
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
  tellCastle(castle, log);
  const stateDir = stateDirOf(castle);
  const opened = await plainLedger.span('opening', 'phase', () => openRun(castle, request, edge, ends));
  const { id, home, journal, lease, group } = opened;
  progress.run = id;
  // The last of the clean-up but for the lease: a run that is killed in the middle of it has not ended.
  ends.defer(() => journal.write({ type: 'end', verdict: verdictOf(progress) }));
  const ledger = toldLedger(plainLedger, journal, lease);
  const tools = await ledger.span('toolchain', 'phase', () =>
    installToolchain(toolRequests(castle, request.node), {
      lockFile: lockFileOf(castle, edge.home),
      env,
      log,
      signal: AbortSignal.any([edge.signal, lease.lost]),
    }),
  );
  for (const { name, version } of tools.values()) progress.versions[name] = version;
  const toolsReady = ledger.seconds();

  const stop = new AbortController();
  const vault = await ledger.span('vault', 'phase', async () =>
    openRunVault({
      id,
      env,
      settings: castle.vault,
      box: castle.box !== false,
      job: edge.onCancel === 'hand-over' ? await thisJob() : undefined,
      announce: (dir) => journal.write({ type: 'vault', dir }),
      warn: (text) => log.warn(text),
    }),
  );
  ends.use(vault);
  edge.printed.keepIn(vault.dir);
  ends.defer(() => edge.printed.leave());
  // A plan learns one more after its run: the token that it comments with.
  ends.defer(leaveSecrets(vault, edge.redactor));
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
    group,
    handsOver: () => handsOver(edge),
    log,
    ledger,
    redactor,
    vault,
    stateDir,
    toolsReady,
    tracing: layerTracing(env, castle.env, edge.fetch),
  };
  const signal = AbortSignal.any([edge.signal, stop.signal]);
  let run: Run = { ...shared, stop: (error) => halt('lease', error), castle, env, signal, auditRoots: [] };
  if (castle.box) {
    const rehearsal = await ledger.span('box', 'phase', () => openRehearsal(run, tools, request, edge));
    ends.use(rehearsal);
    rehearsal.onDeath((error) => halt('box', error));
    if (request.node === 'real') progress.restarts = 0;
    rehearsal.onRestart((name, how) => {
      progress.restarts = (progress.restarts ?? 0) + 1;
      const caution = `${name} of the node died and was started again (${how})`;
      log.warn(caution);
      progress.cautions.push(caution);
    });
    progress.standIns.push(...rehearsal.standIns);
    run = {
      ...run,
      castle: rehearsal.castle,
      env: { ...env, ...rehearsal.env },
      auditRoots: rehearsal.auditRoots,
    };
  }
  await protocol(run, tools, request, edge, progress, ends, async (prepared) => {
    await work(prepared);
    // Work that gave up without a word has not done what its run would be called for.
    if (edge.signal.aborted) noteFailure(progress, 'run', toPhoenixError(edge.signal.reason));
  });
}
