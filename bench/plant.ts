import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pins } from '../src/toolchain/install.ts';
import { required } from './provider.ts';
import type { BenchLayer, Tree } from './trees.ts';

/** A planted tree: Terragrunt units under `live`, their one module, their states, and a castle file. */
export interface Plot {
  readonly root: string;
  readonly live: string;
  readonly castle: string;
  readonly report: string;
}

const moduleText = `variable "name" {
  type = string
}

variable "seconds" {
  type = number
}

variable "after" {
  type    = map(string)
  default = {}
}

resource "terraform_data" "work" {
  input = { name = var.name, after = var.after }

  provisioner "local-exec" {
    command = "sleep \${var.seconds}"
  }
}

output "id" {
  value = terraform_data.work.id
}
`;

/** The states lie at one place for every copy of the tree: a job of a workflow works in a checkout of its own. */
const rootText = (state: string) => `remote_state {
  backend  = "local"
  config   = { path = "${state}/\${path_relative_to_include()}.tfstate" }
  generate = { path = "backend.tf", if_exists = "overwrite" }
}
`;

function unitText({ name, seconds, dependencies }: BenchLayer): string {
  const blocks = dependencies.map((on) => `dependency "${on}" {\n  config_path = "../${on}"\n}\n`);
  const after = dependencies.map((on) => `"${on}" = dependency.${on}.outputs.id`).join(', ');
  return [
    'include "root" {\n  path = find_in_parent_folders("root.hcl")\n}\n',
    'terraform {\n  source = "../../modules/work"\n}\n',
    ...blocks,
    `inputs = {\n  name    = "${name}"\n  seconds = ${seconds}\n  after   = { ${after} }\n}\n`,
  ].join('\n');
}

/** A tool already on PATH is taken where it is the pinned version, so that no way is measured with other tools. */
const castleText = [
  'version: 1',
  'castle: bench',
  'live: live',
  'toolchain:',
  ...(['tofu', 'terragrunt'] as const).map((name) => {
    const key = name === 'tofu' ? 'opentofu' : name;
    return `  ${key}: { version: ${pins[name]}, path: ${pins[name]} }`;
  }),
  'state: { plaintext: allowed }',
  '',
].join('\n');

/** Plants the tree in `root`, which is empty or has an older form of it: units are written anew, the rest stays. */
export async function plant(
  tree: Tree,
  root: string,
  options: { readonly provider: boolean },
): Promise<Plot> {
  const live = join(root, 'live');
  const modules = join(root, 'modules', 'work');
  await mkdir(modules, { recursive: true });
  await mkdir(live, { recursive: true });
  await writeFile(join(modules, 'main.tf'), moduleText);
  await writeFile(join(live, 'root.hcl'), rootText(join(root, 'state')));
  for (const [index, layer] of tree.entries()) {
    await mkdir(join(live, layer.name), { recursive: true });
    // Beside the unit's file: Terragrunt lays it over its module.
    if (options.provider) await writeFile(join(live, layer.name, 'providers.tf'), required(index));
    await writeFile(join(live, layer.name, 'terragrunt.hcl'), unitText(layer));
  }
  const castle = join(root, 'phoenix.yaml');
  await writeFile(castle, castleText);
  return { root, live, castle, report: join(root, 'phoenix-report.json') };
}

/** Nothing was ever applied. */
export async function forgetStates({ root }: Plot, tree: Tree): Promise<void> {
  await rm(join(root, 'state'), { recursive: true, force: true });
  for (const { name } of tree) {
    for (const file of ['terraform.tfstate', 'terraform.tfstate.backup'])
      await rm(join(root, 'limit', name, file), { force: true });
  }
}

/** A fresh checkout on a machine that never installed a provider: no `.terraform`, no cache of Terragrunt's or the user's. */
export async function forgetCaches({ live }: Plot, tree: Tree, home: string): Promise<void> {
  for (const { name } of tree)
    await rm(join(live, name, '.terragrunt-cache'), { recursive: true, force: true });
  for (const folder of ['.cache', '.terraform.d'])
    await rm(join(home, folder), { recursive: true, force: true });
}

/** The layers whose state does not hold their work: a way that left any out was not faster, it was wrong. */
export async function unfinished(tree: Tree, { root }: Plot): Promise<string[]> {
  const missing: string[] = [];
  for (const { name } of tree) {
    const state = await readFile(join(root, 'state', `${name}.tfstate`), 'utf8').catch(() => '');
    if (!state.includes('"terraform_data"')) missing.push(name);
  }
  return missing;
}
