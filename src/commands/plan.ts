import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { type Castle, loadCastle } from '../castle/load.ts';
import { tellCastle } from '../castle/told.ts';
import type { Edge } from '../edge.ts';
import { ownPullRequest } from '../identity/pull-request.ts';
import { jobCost, ranTogether, simulationOf } from '../insight/forecast.ts';
import { readSamples, timesOf } from '../journal/durations.ts';
import { castleHome } from '../journal/home.ts';
import { layerEnvironment } from '../layer/environment.ts';
import { descendants } from '../plan/graph.ts';
import { perJobSeconds } from '../plan/stages.ts';
import { stagingOf } from '../plan/staging.ts';
import { claimGate, shownName } from '../rebirth/graph.ts';
import { makePlan } from '../rebirth/plan.ts';
import { lockFileOf, toolRequests } from '../rebirth/toolchain.ts';
import { literal } from '../report/markdown.ts';
import { renderPlanSummary } from '../report/plan-summary.ts';
import { renderPlanned } from '../report/plan-terminal.ts';
import { plannedRun, planOutputs } from '../report/planned.ts';
import { renderSimulation, shownSimulation } from '../report/simulated.ts';
import { affectedText } from '../report/words.ts';
import type { Request } from '../request.ts';
import { installToolchain } from '../toolchain/install.ts';
import { addChanges } from './changes.ts';
import type { CommandResult } from './result.ts';

/** Layers and gates in their order, with what each waits for. Changes nothing and needs no secret. */
export async function plan(request: Request, edge: Edge): Promise<CommandResult> {
  await ownPullRequest(edge.env);
  const castle = await loadCastle(resolve(edge.cwd, request.castle || 'phoenix.yaml'));
  tellCastle(castle, edge.log);
  const requests = toolRequests(castle).filter(({ name }) => name === castle.engine || name === 'terragrunt');
  const lockFile = lockFileOf(castle, edge.home);
  const tools = await installToolchain(requests, {
    lockFile,
    env: edge.env,
    log: edge.log,
    signal: edge.signal,
  });
  const fileOf = (name: 'terragrunt' | 'tofu' | 'terraform') => tools.get(name)?.file ?? name;
  const { graph, nodes, affected } = await makePlan(
    castle,
    request,
    {
      terragrunt: fileOf('terragrunt'),
      engine: fileOf(castle.engine),
      env: layerEnvironment({ ...placeholders(castle), ...edge.env }, castle.env, writeNothing),
    },
    edge,
  );
  const steps = nodes.map(({ id, dependencies }) => ({
    name: shownName(id),
    kind: id === claimGate ? 'gate' : 'layer',
    dependencies: dependencies.map(shownName),
    dependents: [...descendants(graph, [id])].map(shownName),
  }));
  const samples = await readSamples(castleHome(castle, edge.env));
  const staging = stagingOf(nodes, {
    mode: request.mode,
    runners: request.runners,
    timed: timesOf(samples),
    cores: availableParallelism(),
    perJob: jobCost(samples, perJobSeconds),
    together: ranTogether(samples),
  });
  const planned = plannedRun(staging, shownName);
  const simulation = request.forecast ? simulationOf(staging.graph, samples, staging.assumed) : undefined;
  const order = steps.map(({ name, kind, dependencies }) => {
    const waits = dependencies.length === 0 ? 'starts at once' : `after ${dependencies.join(', ')}`;
    return `${name.padEnd(20)} ${kind.padEnd(6)} ${waits}`;
  });
  const touched = affectedText(affected);
  const summary = renderPlanSummary(castle.name, planned, staging, shownName, simulation);
  const result = {
    exitCode: 0,
    json: {
      castle: castle.name,
      steps,
      ...planned,
      ...(simulation === undefined ? {} : { simulation: shownSimulation(simulation) }),
      ...(affected === undefined ? {} : { affected }),
    },
    text: () =>
      [
        ...order,
        '',
        renderPlanned(planned),
        ...(simulation === undefined ? [] : ['', renderSimulation(simulation)]),
      ].join('\n'),
    outputs: {
      ...planOutputs(planned),
      affected: String(nodes.length > 0 || affected?.gitops === true),
    },
    summary: touched === undefined ? summary : `${summary}\n${literal(touched)}\n`,
  };
  return addChanges(result, steps, castle, request, edge);
}

/**
 * Where no folder can be made: else Terragrunt makes one for providers, the engine one for its settings (1.1.1, 1.12.6),
 * and the engine asks its makers for news.
 */
export const writeNothing = {
  XDG_CACHE_HOME: '/dev/null/none',
  XDG_CONFIG_HOME: '/dev/null/none',
  CHECKPOINT_DISABLE: '1',
};

/** What only a rehearsal sets, its units read when they are parsed; a plan needs no more than that it is there. */
export function placeholders({ box, env }: Castle): Record<string, string> {
  const names = box ? env.filter((name) => name.startsWith('PHOENIX_BOX_')) : [];
  return Object.fromEntries(names.map((name) => [name, '0']));
}
