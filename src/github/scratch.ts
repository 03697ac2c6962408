import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives `work` a folder that is gone after it; the runner's own place for such, where there is one. */
export async function inScratch<T>(env: NodeJS.ProcessEnv, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(env['RUNNER_TEMP'] ?? tmpdir(), 'phoenix-part-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
