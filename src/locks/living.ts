import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { marks } from '../layer/starter.ts';
import { isInside } from '../paths.ts';
import { startTimeIn } from '../process-identity.ts';

/** An engine that runs on this machine now and may hold the lock of the state in question. */
export interface LivingEngine {
  readonly pid: number;
  readonly name: string;
  readonly dir: string;
  /** Epoch milliseconds: it can have taken no lock before. */
  readonly from: number;
}

const ticksPerSecond = 100;

/**
 * The user's engines that may work on this layer's state, whoever started them: a person's `tofu apply` in another
 * checkout writes the same `user@host` into its lock as a run does. Linux only; elsewhere empty, and the journal alone
 * must prove a holder dead.
 */
export async function livingEngines(
  { unit, engineDir }: { readonly unit: string; readonly engineDir: string | undefined },
  layer: string,
): Promise<LivingEngine[]> {
  const bootedAt = Date.now() - uptime() * 1000;
  const own = engineDir === undefined ? 'unknown' : await backendOf(engineDir);
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid): Promise<LivingEngine | undefined> => {
      const name = (await read(`/proc/${pid}/comm`)).trim();
      if (!/^(?:tofu|terraform)/.test(name)) return undefined;
      const owner = await stat(`/proc/${pid}`).catch(() => undefined);
      const ticks = startTimeIn(await read(`/proc/${pid}/stat`));
      // Another user's engine writes another Who; one that is gone meanwhile, or a zombie, holds nothing.
      if (owner?.uid !== process.getuid?.() || ticks === undefined) return undefined;
      const dir = await readlink(`/proc/${pid}/cwd`).catch(() => '');
      const layerMark = (await read(`/proc/${pid}/environ`))
        .split('\0')
        .find((entry) => entry.startsWith(`${marks.layer}=`));
      // Another layer's engine, of whichever run, holds another state.
      if (layerMark !== undefined && !layerMark.endsWith(`/${layer}`)) return undefined;
      const concerned = isInside(unit, dir) || mayShare(own, await backendOf(dir));
      const from = bootedAt + (Number(ticks) / ticksPerSecond) * 1000;
      return concerned ? { pid: Number(pid), name, dir, from } : undefined;
    }),
  );
  return found.filter((engine) => engine !== undefined);
}

/** An engine without a backend keeps its state beside itself, so it shares none. */
function mayShare(own: string | undefined, its: string | undefined): boolean {
  return its !== undefined && (own === 'unknown' || own === its);
}

/** The backend that a folder is initialised with, to be compared only: it may hold credentials. */
async function backendOf(dir: string): Promise<string | undefined> {
  try {
    const { backend } = JSON.parse(await read(join(dir, '.terraform', 'terraform.tfstate')));
    return backend === undefined ? undefined : JSON.stringify([backend.type, backend.config]);
  } catch {
    return undefined;
  }
}

function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
