import { getExecOutput } from '@actions/exec';

export interface Captured {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a short command (a version query, a `git rev-parse`) and keeps its output; never throws on a non-zero exit.
 * `@actions/exec` cannot be interrupted, so nothing that may take longer than a few seconds belongs here.
 */
export async function capture(
  file: string,
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly input?: string;
  } = {},
): Promise<Captured> {
  const { exitCode, stdout, stderr } = await getExecOutput(file, [...args], {
    silent: true,
    ignoreReturnCode: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: { ...options.env } }),
    ...(options.input === undefined ? {} : { input: Buffer.from(options.input) }),
  });
  return { code: exitCode, stdout, stderr };
}
