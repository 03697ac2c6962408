import type { Castle } from '../castle/load.ts';
import { placeholders, writeNothing } from '../commands/plan.ts';
import type { Edge } from '../edge.ts';
import { messageOf, PhoenixError } from '../errors.ts';
import { layerEnvironment } from '../layer/environment.ts';
import { behindClaim } from '../rebirth/graph.ts';
import { makePlan } from '../rebirth/plan.ts';
import { lockFileOf, toolRequests } from '../rebirth/toolchain.ts';
import type { Request } from '../request.ts';
import { installToolchain } from '../toolchain/install.ts';
import { leftoversWords } from './leftovers.ts';
import { orderDestroy } from './order.ts';

/**
 * Refuses a destroy whose castle was not named, letter by letter, and says what it would have destroyed. Nothing is
 * touched: no login, no lease, no state.
 */
export async function assertConfirmed(castle: Castle, request: Request, edge: Edge): Promise<void> {
  if (!isConfirmed(castle, request)) throw await unconfirmed(castle, request, edge);
}

export const isConfirmed = ({ name }: Castle, { confirm }: Request) => confirm === name;

/** The refusal, with what would be destroyed: the layers, and what `beside` says. */
export async function unconfirmed(
  castle: Castle,
  request: Request,
  edge: Edge,
  beside: readonly string[] = [],
): Promise<PhoenixError> {
  const given =
    request.confirm === ''
      ? 'No word was given that it is meant.'
      : `\`confirm\` is ${JSON.stringify(request.confirm)}, and the castle's name is ${castle.name}.`;
  return new PhoenixError({
    code: 'PHX-DESTROY-CONFIRM',
    class: 'input',
    what: `${castle.name} was not destroyed: nothing was touched.`,
    why: [given, ...beside, await wouldBe(castle, request, edge)].join(' '),
    next: `Read that list. If it is meant, give the name of the castle exactly: --confirm ${castle.name} (Action: input confirm).`,
    at: { file: castle.file },
  });
}

async function wouldBe(castle: Castle, request: Request, edge: Edge): Promise<string> {
  try {
    const { nodes, kept } = await order(castle, request, edge);
    const keeps = kept.size === 0 ? '' : ` Kept: ${[...kept.keys()].join(', ')}.`;
    const left = leftoversWords(castle.destroy?.leftovers);
    return `It would destroy, in this order: ${nodes.map(({ id }) => id).join(', ') || 'nothing'}.${keeps}${left === undefined ? '' : ` ${left}`}`;
  } catch (error) {
    edge.signal.throwIfAborted();
    return `What it would destroy could not be listed: ${error instanceof PhoenixError ? error.what : messageOf(error)}`;
  }
}

async function order(castle: Castle, { only, from }: Request, { env, home, log, signal }: Edge) {
  const requests = toolRequests(castle).filter(({ name }) => name === castle.engine || name === 'terragrunt');
  const tools = await installToolchain(requests, { lockFile: lockFileOf(castle, home), env, log, signal });
  const { layers } = await makePlan(
    castle,
    { only: [], from: '' },
    {
      terragrunt: tools.get('terragrunt')?.file ?? 'terragrunt',
      engine: tools.get(castle.engine)?.file ?? castle.engine,
      env: layerEnvironment({ ...placeholders(castle), ...env }, castle.env, writeNothing),
    },
    { log, signal },
  );
  return orderDestroy(behindClaim([...layers.values()], castle.claim), {
    only,
    from,
    protect: castle.destroy?.protect ?? [],
  });
}
