import { runChild } from '../child.ts';
import { engineContext } from '../layer/context.ts';
import type { LayerJob } from '../layer/job.ts';
import { askEngine } from '../locks/ask-engine.ts';
import { firstError, varFileArguments } from '../locks/probe.ts';
import { lastFolder } from './look.ts';
import { pullThroughMadeUnit, pushThroughMadeUnit, type Unreached } from './made-unit.ts';

const withinMs = 120_000;
const largestState = 256 << 20;

/** The state, and how to put another in its place. */
export interface Way {
  /** As `state pull` prints it; empty where there is none. */
  readonly text: string;
  push(file: string): Promise<string | undefined>;
}

/**
 * By the unit's `remote_state`; else where an engine of this machine last ran; else through the unit itself. Throws only
 * for an abort.
 */
export async function wayTo(job: LayerJob, signal: AbortSignal): Promise<Way | Unreached> {
  const made = await pullThroughMadeUnit(job, signal);
  if (typeof made === 'string')
    return { text: made, push: async (file) => (await pushThroughMadeUnit(job, file))?.trouble };
  const dir = await lastFolder(job);
  const pulled =
    dir === undefined
      ? await pull(job, job.terragrunt, [...throughUnit(job), 'state', 'pull'], job.dir, signal)
      : await pull(job, job.engine, ['state', 'pull'], dir, signal);
  if ('trouble' in pulled) return { trouble: `${made.trouble}; ${pulled.trouble}` };
  return {
    text: pulled.text,
    async push(file) {
      // Nothing but its time ends it: an engine that is killed in the middle leaves its lock.
      const context = engineContext(job, dir, new AbortController().signal);
      const args = ['state', 'push', '-lock-timeout=10s', ...varFileArguments(job), file];
      const { code, output, trouble } = await askEngine(context, dir, args);
      return code === 0 ? undefined : (trouble ?? firstError(output) ?? `the engine ended with ${code}`);
    },
  };
}

const throughUnit = ({ dir }: LayerJob) => [
  ...['run', '--working-dir', dir, '--non-interactive', '--no-color', '--no-tips', '--'],
];

async function pull(
  { env, engine, varFiles }: LayerJob,
  program: string,
  args: readonly string[],
  cwd: string,
  signal: AbortSignal,
): Promise<{ readonly text: string } | { readonly trouble: string }> {
  const { code, stdout, stderr, trouble } = await runChild(
    program,
    [...args, ...varFileArguments({ engine, varFiles })],
    { cwd, env: { ...env, TG_TF_PATH: engine }, signal, timeoutMs: withinMs, keep: largestState },
  );
  if (code === 0) return { text: stdout.trim() };
  return { trouble: trouble ?? firstError(stderr) ?? `it ended with ${code}` };
}
