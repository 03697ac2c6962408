import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../json.ts';
import { isInside } from '../paths.ts';
import { ask, errorLines, type Terragrunt } from '../plan/ask.ts';
import type { Layer } from '../plan/discover.ts';

/** Where a castle's states are, as one of its layers tells. */
export interface StatePlace {
  readonly backend: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** The layer that was asked: its name stands in the address, where another name makes the neighbour's. */
  readonly layer: string;
}

/** `terragrunt render --json` (1.1.1) of one unit. Where it has only `generate` blocks the backend is text in one of them. */
const rendered = z.object({
  remote_state: z
    .object({ backend: z.string(), config: z.record(z.string(), z.unknown()).nullish() })
    .nullish(),
});

/**
 * Asks Terragrunt where the castle's states are; a text says why that is not known. One layer without dependencies is
 * rendered: for any other Terragrunt would run the engine, to read the outputs that it depends on. Throws only for an
 * abort, and as `ask` does.
 */
export async function findState(
  layers: readonly Layer[],
  liveDir: string,
  terragrunt: Terragrunt,
): Promise<StatePlace | string> {
  const first = layers.find(({ dependencies }) => dependencies.length === 0);
  if (first === undefined) return 'there is no layer without dependencies to ask';
  const { code, stdout, stderr } = await ask(terragrunt, ['render', '--json'], first.dir);
  if (code !== 0) {
    const [line = `it exited with ${code}`] = errorLines(stderr);
    return `\`terragrunt render\` failed for ${first.name}: ${line}`;
  }
  const parsed = rendered.safeParse(parseJson(stdout));
  if (!parsed.success) return `\`terragrunt render\` of ${first.name} is not what its version 1.1 prints`;
  const state = parsed.data.remote_state;
  if (!state) return `${first.name} has no \`remote_state\` block that would tell where its state is`;
  const config = state.config ?? {};
  if (state.backend === 'local') {
    const why = notShared(config['path'], liveDir);
    if (why !== undefined) return why;
  }
  return { backend: state.backend, config, layer: first.name };
}

/** A local state that each checkout has of its own is no place where two runs could meet. */
function notShared(path: unknown, liveDir: string): string | undefined {
  if (typeof path !== 'string' || !isAbsolute(path))
    return 'its local state lies in the folder of each layer';
  return isInside(liveDir, path) ? 'its local state lies in the live folder' : undefined;
}
