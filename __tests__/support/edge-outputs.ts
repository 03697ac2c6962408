import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { capture } from '../../src/command.ts';
import { smallCastle } from './small-castle.ts';
import { tool } from './tools.ts';
import type { World } from './world.ts';

export interface EdgeCastle extends World {
  /** What the sink was given, as its state has it. */
  seen(): Promise<unknown>;
  /** Applies the sink by Terragrunt and the engine, with nothing of Phoenix between them. */
  byTerragrunt(): Promise<void>;
}

/**
 * A castle of a source with outputs (HCL expressions by name) and a sink that takes them as an input and keeps them.
 * `remote`: the units have a module
 * and a backend that Terragrunt writes, so it fetches outputs in a folder of its own; else it does in the unit's.
 */
export async function edgeCastle(
  outputs: Readonly<Record<string, string>>,
  { remote }: { readonly remote: boolean },
): Promise<EdgeCastle> {
  const value = Object.entries(outputs)
    .map(([name, expression]) => `${name} = ${expression}`)
    .join(', ');
  const world = await smallCastle({
    source: { main: `output "all" { value = { ${value} } }\n` },
    sink: {
      after: ['source'],
      main: 'variable "all" { type = any }\noutput "seen" { value = var.all }\n',
    },
  });
  const state = join(world.dir, 'state');
  const include = remote
    ? 'include "root" {\n  path = find_in_parent_folders("root.hcl")\n}\nterraform {\n  source = "../../module"\n}\n'
    : '';
  await world.write({
    'live/source/terragrunt.hcl': include,
    'live/sink/terragrunt.hcl': `${include}dependency "source" {\n  config_path = "../source"\n}\ninputs = { all = dependency.source.outputs.all }\n`,
    ...(remote
      ? {
          'module/outputs.tf': 'output "module" { value = true }\n',
          'live/root.hcl': `remote_state {\n  backend = "local"\n  config = { path = "${state}/\${path_relative_to_include()}.tfstate" }\n  generate = { path = "backend.tf", if_exists = "overwrite" }\n}\n`,
        }
      : {}),
  });
  const sink = join(world.dir, 'live/sink');
  return Object.assign(world, {
    async seen() {
      const below = await readdir(remote ? state : sink, { recursive: true });
      const file = below.find((path) => path.endsWith(remote ? 'sink.tfstate' : 'terraform.tfstate')) ?? '';
      return JSON.parse(await readFile(join(remote ? state : sink, file), 'utf8')).outputs.seen.value;
    },
    async byTerragrunt() {
      const env = {
        PATH: process.env['PATH'] ?? '',
        HOME: join(world.dir, 'home'),
        TG_TF_PATH: await tool('tofu'),
      };
      const args = ['run', '--non-interactive', '--', 'apply', '-auto-approve'];
      const { code, stderr } = await capture(await tool('terragrunt'), args, { cwd: sink, env });
      if (code !== 0) throw new Error(stderr);
    },
  });
}
