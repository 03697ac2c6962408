import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The first line that a short command says; undefined where it cannot be started, fails, or takes over 10 s. */
export async function firstLine(
  file: string,
  args: readonly string[],
  { env, signal }: { readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<string | undefined> {
  try {
    const { stdout } = await run(file, [...args], { env, signal, timeout: 10_000, killSignal: 'SIGKILL' });
    return stdout.split('\n')[0]?.trim();
  } catch {
    return undefined;
  }
}
