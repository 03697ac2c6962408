import { open, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../json.ts';
import { isInRam } from '../vault/ram.ts';

/** What `init` notes of the backend in `.terraform/terraform.tfstate` (1.12.6); there is no such file without one. */
const initialised = z.object({
  backend: z.object({ type: z.string(), config: z.record(z.string(), z.unknown()).nullish() }).nullish(),
});

/** The state as it begins in the clear; an encrypted one begins with its serial or its `meta`. */
const plainBegin = /^\s*\{\s*"version"\s*:/;

/**
 * The file of a state that lies in the clear on a disk of this machine; undefined where the engine that ran in
 * `engineDir` keeps it elsewhere, in RAM or encrypted. Two short reads, and nothing is asked of the engine.
 */
export async function plainStateOf(engineDir: string): Promise<string | undefined> {
  const noted = await readFile(join(engineDir, '.terraform/terraform.tfstate'), 'utf8').catch(() => '');
  const backend = initialised.safeParse(parseJson(noted)).data?.backend;
  if (backend && backend.type !== 'local') return undefined;
  const path = backend?.config?.['path'];
  const file = resolve(engineDir, typeof path === 'string' ? path : 'terraform.tfstate');
  if (!plainBegin.test(await beginOf(file)) || (await isInRam(file))) return undefined;
  return file;
}

async function beginOf(file: string): Promise<string> {
  try {
    await using handle = await open(file, 'r');
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(200), 0, 200, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return '';
  }
}
