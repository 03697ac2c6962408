import { randomUUID } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runChild } from '../child.ts';
import { PhoenixError } from '../errors.ts';
import { parseJson } from '../json.ts';
import type { LayerJob } from './job.ts';

const readWithinMs = 60_000;
const largestState = 256 << 20;

/** Whether the file is a state as OpenTofu encrypts it. */
export async function isSealed(file: string): Promise<boolean> {
  const value = parseJson(await readFile(file, 'utf8').catch(() => ''));
  return typeof value === 'object' && value !== null && 'encrypted_data' in value;
}

/**
 * The state of `file` in the clear, as a file in the layer's partition of the vault that goes with its disposal. The
 * engine encrypts the errored.tfstate that it writes, but `state push` reads its source without any encryption (1.12.6,
 * internal/command/state_push.go): it would refuse its own file for ever. `state pull` in a folder that has it as its
 * local state opens it. Throws PHX-LAYER-STATE-KEY where it does not open.
 */
export async function openSealed(
  job: Pick<LayerJob, 'name' | 'partition' | 'engine' | 'env'>,
  file: string,
  signal: AbortSignal,
): Promise<{ readonly file: string } & AsyncDisposable> {
  const dir = join(job.partition, `opened-${randomUUID()}`);
  await mkdir(dir, { mode: 0o700, recursive: true });
  const dispose = () => rm(dir, { recursive: true, force: true });
  try {
    const local = join(dir, 'terraform.tfstate');
    await copyFile(file, local);
    await chmod(local, 0o600);
    const { code, stdout, stderr, trouble } = await runChild(job.engine, ['state', 'pull', '-no-color'], {
      cwd: dir,
      env: job.env,
      signal,
      timeoutMs: readWithinMs,
      keep: largestState,
    });
    // The engine may print warnings about its configuration before the state.
    const state = stdout.slice(Math.max(0, stdout.indexOf('{\n')));
    if (code !== 0 || parseJson(state) === undefined) throw shut(job.name, file, trouble ?? stderr);
    const open = join(dir, 'open.tfstate');
    await writeFile(open, state, { mode: 0o600, flag: 'wx' });
    return { file: open, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function shut(layer: string, file: string, said: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-LAYER-STATE-KEY',
    class: 'layer',
    what: `The state of layer ${layer} that could not be saved does not open.`,
    why:
      said
        .replace(/[│╷╵\s]+/g, ' ')
        .trim()
        .slice(0, 400) || 'The engine printed no state.',
    next: `Give the secret of \`state.encryption.key\` the value it had when ${file} was written, or name the secret with that key in \`state.encryption.previous-key\`; then run again.`,
  });
}
