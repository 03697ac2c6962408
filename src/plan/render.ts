import { resolve } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../json.ts';
import { ask, errorLines, type Terragrunt } from './ask.ts';
import type { Layer } from './discover.ts';

/** What `terragrunt render` tells of one unit, every expression resolved. */
export interface RenderedUnit {
  /** Undefined where the unit has no `remote_state` block; the backend may still be text that a block generates. */
  readonly remote:
    | { readonly backend: string; readonly config: Readonly<Record<string, unknown>> }
    | undefined;
  /** The text of the files that its `generate` blocks write. */
  readonly generated: readonly string[];
  /** Its `terraform.source`, as it is written. */
  readonly source: string | undefined;
  /** Its `inputs`; undefined where one of them takes an output of another layer. */
  readonly inputs: Readonly<Record<string, unknown>> | undefined;
}

/** `terragrunt render --json` (1.1.1) of one unit. */
const rendered = z.object({
  remote_state: z
    .object({ backend: z.string(), config: z.record(z.string(), z.unknown()).nullish() })
    .nullish(),
  generate: z.record(z.string(), z.object({ contents: z.string().nullish() })).nullish(),
  terraform: z.object({ source: z.string().nullish() }).nullish(),
  inputs: z.record(z.string(), z.unknown()).nullish(),
});

/**
 * Where no folder can be made. To read the outputs that a unit depends on, Terragrunt would run the engine in a folder
 * below it; so it cannot, goes on without them (1.1.1: a warning, and exit code 0), and the tree stays as it is.
 */
const noOutputs = { TG_DOWNLOAD_DIR: '/dev/null/none' };

/**
 * Asks Terragrunt what one unit comes to, without any output of another; a text says why that is not known. Throws only
 * for an abort, and as `ask` does.
 */
export async function renderUnit(
  { name, dir }: Pick<Layer, 'name' | 'dir'>,
  terragrunt: Terragrunt,
): Promise<RenderedUnit | string> {
  const env = { ...terragrunt.env, ...noOutputs };
  const { code, stdout, stderr } = await ask({ ...terragrunt, env }, ['render', '--json'], dir);
  const errors = errorLines(stderr);
  if (code !== 0) return `\`terragrunt render\` failed for ${name}: ${errors[0] ?? `it exited with ${code}`}`;
  const parsed = rendered.safeParse(parseJson(stdout));
  if (!parsed.success) return `\`terragrunt render\` of ${name} is not what its version 1.1 prints`;
  // What it could not resolve it leaves out of its answer, and exits 0.
  const open = /\bin (remote_state|generate)\b/.exec(errors.join('\n'))?.[1];
  if (open !== undefined) return `the \`${open}\` block of ${name} takes an output of another layer`;
  const { remote_state: remote, generate, terraform, inputs } = parsed.data;
  return {
    remote: remote ? { backend: remote.backend, config: remote.config ?? {} } : undefined,
    generated: Object.values(generate ?? {}).map(({ contents }) => contents ?? ''),
    source: terraform?.source ?? undefined,
    inputs: inputs ?? undefined,
  };
}

/** The folder of a unit's module where it lies on this machine; `//` parts its root from its folder. */
export function localModule(dir: string, source: string | undefined): string | undefined {
  return source !== undefined && /^[./]/.test(source) ? resolve(dir, source.replace('//', '/')) : undefined;
}
