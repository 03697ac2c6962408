import { join, resolve } from 'node:path';
import { unknownLayers } from '../castle/layers.ts';
import { loadCastle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { layerEnvironment } from '../layer/environment.ts';
import { discover } from '../plan/discover.ts';
import { buildGraph, descendants } from '../plan/graph.ts';
import { select } from '../plan/select.ts';
import { claimGate, nodesOf, shownName } from '../rebirth/graph.ts';
import { toolRequests } from '../rebirth/toolchain.ts';
import type { Request } from '../request.ts';
import { installToolchain } from '../toolchain/install.ts';
import type { CommandResult } from './result.ts';

/** Layers and gates in their order, with what each waits for. Changes nothing and needs no secret. */
export async function plan(request: Request, edge: Edge): Promise<CommandResult> {
  const castle = await loadCastle(resolve(edge.cwd, request.castle || 'phoenix.yaml'));
  const requests = toolRequests(castle).filter(({ name }) => name === castle.engine || name === 'terragrunt');
  const lockFile = join(edge.home, 'phoenix.lock');
  const tools = await installToolchain(requests, {
    lockFile,
    env: edge.env,
    log: edge.log,
    signal: edge.signal,
  });
  const fileOf = (name: 'terragrunt' | 'tofu' | 'terraform') => tools.get(name)?.file ?? name;
  const layers = await discover({
    liveDir: castle.liveDir,
    terragrunt: fileOf('terragrunt'),
    tofu: fileOf(castle.engine),
    env: layerEnvironment(edge.env, castle.env, {}),
    log: edge.log,
    signal: edge.signal,
  });
  const unknown = unknownLayers(
    castle,
    layers.map(({ name }) => name),
  );
  if (unknown !== undefined) throw unknown;
  const graph = buildGraph(nodesOf(layers, castle.claim));
  const from = request.from === '' ? [] : [request.from];
  const nodes = select(graph, { only: request.only, from });
  const steps = nodes.map(({ id, dependencies }) => ({
    name: shownName(id),
    kind: id === claimGate ? 'gate' : 'layer',
    dependencies: dependencies.map(shownName),
    dependents: [...descendants(graph, [id])].map(shownName),
  }));
  return {
    exitCode: 0,
    json: { castle: castle.name, steps },
    text: () =>
      steps
        .map(({ name, kind, dependencies }) => {
          const waits = dependencies.length === 0 ? 'starts at once' : `after ${dependencies.join(', ')}`;
          return `${name.padEnd(20)} ${kind.padEnd(6)} ${waits}`;
        })
        .join('\n'),
  };
}
