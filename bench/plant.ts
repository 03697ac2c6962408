import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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

const rootText = `remote_state {
  backend  = "local"
  config   = { path = "\${get_parent_terragrunt_dir()}/../state/\${path_relative_to_include()}.tfstate" }
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
function castleText(versions: { readonly tofu: string; readonly terragrunt: string }): string {
  return [
    'version: 1',
    'castle: bench',
    'live: live',
    'toolchain:',
    `  opentofu: { version: ${versions.tofu}, path: ${versions.tofu} }`,
    `  terragrunt: { version: ${versions.terragrunt}, path: ${versions.terragrunt} }`,
    '',
  ].join('\n');
}

/** Plants the tree anew in `root`: no state, no cache, nothing of the way measured before. */
export async function plant(
  tree: Tree,
  root: string,
  versions: { readonly tofu: string; readonly terragrunt: string },
): Promise<Plot> {
  await rm(root, { recursive: true, force: true });
  const live = join(root, 'live');
  await mkdir(join(root, 'modules', 'work'), { recursive: true });
  await mkdir(live);
  await writeFile(join(root, 'modules', 'work', 'main.tf'), moduleText);
  await writeFile(join(live, 'root.hcl'), rootText);
  for (const layer of tree) {
    await mkdir(join(live, layer.name));
    await writeFile(join(live, layer.name, 'terragrunt.hcl'), unitText(layer));
  }
  const castle = join(root, 'phoenix.yaml');
  await writeFile(castle, castleText(versions));
  return { root, live, castle, report: join(root, 'phoenix-report.json') };
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
