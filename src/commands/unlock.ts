import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { type Castle, loadCastle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { explain, PhoenixError } from '../errors.ts';
import { refuseForeignJobs } from '../identity/policy.ts';
import { castleHome } from '../journal/home.ts';
import { noJournal, thisMachine } from '../journal/journal.ts';
import { holdersOf } from '../journal/read.ts';
import { type LockOutcome, settleLock } from '../locks/settle.ts';
import { openSession } from '../rebirth/identity.ts';
import { readKubeconfig } from '../rebirth/kubeconfig.ts';
import { makePlan, type Plan } from '../rebirth/plan.ts';
import type { Run } from '../rebirth/run.ts';
import { layOutSecrets } from '../rebirth/secrets.ts';
import { stateDirOf } from '../rebirth/state-dir.ts';
import { lockFileOf, toolRequests } from '../rebirth/toolchain.ts';
import { makeWorkspace, removeRunFolder, workspaceOf } from '../rebirth/workspace.ts';
import { createLedger } from '../report/ledger.ts';
import type { Request } from '../request.ts';
import { installToolchain } from '../toolchain/install.ts';
import { openRunVault } from '../vault/open.ts';
import type { CommandResult } from './result.ts';

/** Terragrunt and an engine each: more would only wait for the processor. */
const atOnce = 4;

/** Judges the state lock of each layer, and releases those whose holder is proved dead; see docs/locks.md. */
export async function unlock(request: Request, edge: Edge): Promise<CommandResult> {
  const castle = await loadCastle(resolve(edge.cwd, request.castle || 'phoenix.yaml'));
  await refuseForeignJobs(edge.env, castle);
  if (castle.box) throw noLocksInTheBox(castle);
  const outcomes = await settleAll(castle, request, edge);
  const error = refusal(outcomes);
  const lines = outcomes.map(({ layer, status, words, command }) => {
    const line = `${layer.padEnd(20)} ${status.padEnd(9)} ${words}`;
    return command === undefined ? line : `${line}\n${' '.repeat(31)}${command}`;
  });
  return {
    exitCode: error?.exitCode ?? 0,
    json: {
      castle: castle.name,
      layers: outcomes,
      ...(error === undefined
        ? {}
        : { error: { code: error.code, what: error.what, why: error.why, next: error.next } }),
    },
    text: () => [...lines, ...(error === undefined ? [] : ['', explain(error)])].join('\n'),
    ...(error === undefined ? {} : { error }),
  };
}

async function settleAll(castle: Castle, request: Request, edge: Edge): Promise<LockOutcome[]> {
  const { log, env, signal } = edge;
  const tools = await installToolchain(toolRequests(castle), {
    lockFile: lockFileOf(castle, edge.home),
    env,
    log,
    signal,
  });
  await using ends = new AsyncDisposableStack();
  const id = randomUUID();
  const vault = ends.use(
    await openRunVault({ id, env, settings: castle.vault, box: false, warn: (text) => log.warn(text) }),
  );
  const home = castleHome(castle, env);
  const stateDir = stateDirOf(castle);
  const run: Run = {
    ...{ id, home, castle, env, log, redactor: edge.redactor, vault, stateDir, signal },
    ...{ journal: noJournal, handsOver: () => false, stop() {}, toolsReady: 0, auditRoots: [] },
    ledger: createLedger(Date.now, new Date(), Date.now()),
  };
  const workspace = await makeWorkspace(run, tools);
  ends.defer(() => removeRunFolder(workspaceOf(run)));
  const plan = await makePlan(castle, request, { ...workspace, env: workspace.environment({}) }, run);
  const session = await openSession(run, edge.fetch);
  if (session !== undefined) ends.use(session);
  const secrets = await layOutSecrets(run, session, { deletes: false });
  const access = await kubeconfig(run, () => readKubeconfig(run, workspace, plan.layers, secrets));
  const [holders, here] = await Promise.all([holdersOf(home), thisMachine()]);
  const layers = layersOf(plan);
  const outcomes: LockOutcome[] = [];
  const waiting = layers.entries();
  const settleThem = async () => {
    for (const [index, { name, dir }] of waiting) {
      const engine = {
        terragrunt: workspace.terragrunt,
        engine: workspace.engine,
        unit: dir,
        env: workspace.environment({ ...access, ...secrets.environment(name) }),
        varFiles: secrets.varFiles(name),
        signal,
      };
      outcomes[index] = await settleLock(engine, name, holders, here, log);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, settleThem));
  return outcomes;
}

/** The layers that were asked for, in their order, without the gates between them. */
function layersOf({ nodes, layers }: Plan) {
  return nodes.map(({ id }) => layers.get(id)).filter((layer) => layer !== undefined);
}

/** For states that are kept in the cluster itself; a castle that does not stand has none to be asked. */
async function kubeconfig(
  { castle, log }: Run,
  read: () => Promise<{ readonly file: string }>,
): Promise<Record<string, string>> {
  if (castle.kubeconfig === undefined) return {};
  try {
    return { KUBECONFIG: (await read()).file };
  } catch (error) {
    log.debug(`without a kubeconfig: ${error instanceof PhoenixError ? error.why : String(error)}`);
    return {};
  }
}

function refusal(outcomes: readonly LockOutcome[]): PhoenixError | undefined {
  const names = (...wanted: LockOutcome['status'][]) =>
    outcomes.filter(({ status }) => wanted.includes(status)).map(({ layer }) => layer);
  const held = names('held', 'kept');
  if (held.length > 0) {
    return new PhoenixError({
      code: 'PHX-LOCK-HELD',
      class: 'layer',
      what: `The state of ${held.join(', ')} stays locked.`,
      why: 'Its holder lives, or is not proved dead; each line above says whose the lock is, and since when.',
      next: 'Wait for a holder that lives. Where you know that it is dead, run the command that stands below the line.',
    });
  }
  const unknown = names('unknown');
  if (unknown.length === 0) return undefined;
  return new PhoenixError({
    code: 'PHX-LOCK-UNKNOWN',
    class: 'layer',
    what: `Whether the state of ${unknown.join(', ')} is locked could not be found out.`,
    why: 'The engine gave no answer that tells; each line above says which it gave.',
    next: 'Mend that, then run `phoenix unlock` again. A layer whose dependencies were never applied cannot be asked yet.',
  });
}

function noLocksInTheBox({ file }: Castle): PhoenixError {
  return new PhoenixError({
    code: 'PHX-LOCK-BOX',
    class: 'input',
    what: 'A castle of the box has no lock to release.',
    why: 'Its states, and their locks with them, end with the rehearsal that made them.',
    next: 'Give the castle file of a real castle by --castle.',
    at: { file },
  });
}
