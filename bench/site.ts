import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createLog } from '../src/log.ts';
import { installToolchain, pins } from '../src/toolchain/install.ts';
import type { Plot } from './plant.ts';
import type { Tree } from './trees.ts';

export interface Tools {
  readonly tofu: string;
  readonly terragrunt: string;
}

/** What a way is given: a planted tree of its own, and the same tools and environment as the others. */
export interface Site {
  readonly tree: Tree;
  readonly plot: Plot;
  readonly tools: Tools;
  readonly env: Readonly<Record<string, string>>;
  /** Phoenix's entry: the bundle, or the source for a quick look. */
  readonly phoenix: string;
}

export const lockFile = join(import.meta.dirname, '..', 'phoenix.lock');

export const benchLog = createLog({
  out: process.stderr,
  color: false,
  quiet: false,
  debug: false,
  redact: (text) => text,
});

/** The pinned engine and Terragrunt, from PHOENIX_TEST_TOOLS where that is set. */
export async function findTools(): Promise<Tools> {
  const folder = process.env['PHOENIX_TEST_TOOLS'];
  if (folder) return { tofu: join(folder, 'tofu'), terragrunt: join(folder, 'terragrunt') };
  const installed = await installToolchain(
    (['tofu', 'terragrunt'] as const).map((name) => ({ name, version: pins[name] })),
    { lockFile, env: process.env, log: benchLog, signal: AbortSignal.timeout(30 * 60 * 1000) },
  );
  const [tofu, terragrunt] = [installed.get('tofu')?.file, installed.get('terragrunt')?.file];
  if (tofu === undefined || terragrunt === undefined)
    throw new Error('the toolchain gave no tofu or no terragrunt');
  return { tofu, terragrunt };
}

/**
 * The same for every way: the tools first on PATH, no questions, no calls home, and a home of its own, so that no way
 * finds what another has cached.
 */
export async function environmentOf(
  { tofu, terragrunt }: Tools,
  home: string,
  cliConfig: string | undefined,
): Promise<Record<string, string>> {
  const { PATH = '', RUNNER_TOOL_CACHE } = process.env;
  // Of its own too: the leak audit looks at what is written into it meanwhile, by whomever.
  const TMPDIR = join(home, 'tmp');
  await mkdir(TMPDIR, { recursive: true });
  return {
    PATH: [...new Set([dirname(tofu), dirname(terragrunt)]), PATH].join(delimiter),
    HOME: home,
    TMPDIR,
    RUNNER_TOOL_CACHE: RUNNER_TOOL_CACHE ?? join(homedir(), '.cache', 'phoenix', 'tools'),
    TG_TF_PATH: tofu,
    TG_NON_INTERACTIVE: 'true',
    CHECKPOINT_DISABLE: '1',
    ...(cliConfig === undefined ? {} : { TF_CLI_CONFIG_FILE: cliConfig }),
  };
}
