import { isAbsolute } from 'node:path';
import { isInside } from '../paths.ts';
import type { Terragrunt } from '../plan/ask.ts';
import type { Layer } from '../plan/discover.ts';
import { renderUnit } from '../plan/render.ts';

/** Where a castle's states are, as one of its layers tells. */
export interface StatePlace {
  readonly backend: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** The layer that was asked: its name stands in the address, where another name makes the neighbour's. */
  readonly layer: string;
}

/**
 * Asks Terragrunt where the castle's states are; a text says why that is not known. One layer without dependencies is
 * rendered, for its answer cannot take an output of another. Throws only for an abort, and as `ask` does.
 */
export async function findState(
  layers: readonly Layer[],
  liveDir: string,
  terragrunt: Terragrunt,
): Promise<StatePlace | string> {
  const first = layers.find(({ dependencies }) => dependencies.length === 0);
  if (first === undefined) return 'there is no layer without dependencies to ask';
  const unit = await renderUnit(first, terragrunt);
  if (typeof unit === 'string') return unit;
  if (unit.remote === undefined)
    return `${first.name} has no \`remote_state\` block that would tell where its state is`;
  const { backend, config } = unit.remote;
  if (backend === 'local') {
    const why = notShared(config['path'], liveDir);
    if (why !== undefined) return why;
  }
  return { backend, config, layer: first.name };
}

/** A local state that each checkout has of its own is no place where two runs could meet. */
function notShared(path: unknown, liveDir: string): string | undefined {
  if (typeof path !== 'string' || !isAbsolute(path))
    return 'its local state lies in the folder of each layer';
  return isInside(liveDir, path) ? 'its local state lies in the live folder' : undefined;
}
