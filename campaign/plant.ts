import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Place } from './place.ts';
import type { CampaignLayer, Scenario } from './scenario.ts';

export const secretName = 'TOKEN';

/**
 * An object is made in the middle of its work, and made again without harm: what stands between a thing that exists and
 * a state that knows of it is then the state's write alone. Of the secret only a digest is kept.
 */
const moduleText = `variable "objects" {
  type = map(number)
}

variable "cloud" {
  type = string
}

variable "after" {
  type    = map(string)
  default = {}
}

variable "token" {
  type      = string
  default   = ""
  sensitive = true
}

resource "terraform_data" "object" {
  for_each         = var.objects
  input            = { name = each.key, after = var.after }
  triggers_replace = nonsensitive(sha256(var.token))

  provisioner "local-exec" {
    command = "sleep \${each.value / 2}; : > '\${var.cloud}/\${each.key}'; sleep \${each.value / 2}"
  }
}

output "names" {
  value = join(",", keys(var.objects))
}
`;

function backendText({ backend }: Scenario, { states }: Place, address: string): string {
  // Terragrunt's own interpolation, not JavaScript's.
  const unit = '$'.concat('{path_relative_to_include()}');
  const settings =
    backend === 'local'
      ? [`path = "${states}/${unit}.tfstate"`]
      : [
          `address        = "${address}/${unit}"`,
          `lock_address   = "${address}/${unit}"`,
          `unlock_address = "${address}/${unit}"`,
        ];
  return [
    'generate "backend" {',
    '  path      = "backend.tf"',
    '  if_exists = "overwrite"',
    '  contents  = <<-EOF',
    `    terraform {`,
    `      backend "${backend}" {`,
    ...settings.map((setting) => `        ${setting}`),
    '      }',
    '    }',
    '  EOF',
    '}',
    '',
  ].join('\n');
}

function unitText({ dependencies, objects }: CampaignLayer, cloud: string): string {
  const blocks = dependencies.map((on) => `dependency "${on}" {\n  config_path = "../${on}"\n}\n`);
  const after = dependencies.map((on) => `"${on}" = dependency.${on}.outputs.names`).join(', ');
  const made = Object.entries(objects).map(([name, seconds]) => `"${name}" = ${seconds}`);
  return [
    'include "root" {\n  path = find_in_parent_folders("root.hcl")\n}\n',
    'terraform {\n  source = "../../modules/work"\n}\n',
    ...blocks,
    `inputs = {\n  objects = { ${made.join(', ')} }\n  cloud   = "${cloud}"\n  after   = { ${after} }\n}\n`,
  ].join('\n');
}

function castleText({ secretLayer }: Scenario, { secrets }: Place): string {
  return [
    'version: 1',
    'castle: campaign',
    'live: live',
    'secrets:',
    `  source: { files: { dir: ${secrets} } }`,
    `  ${secretName}: { layers: [${secretLayer}] }`,
    '',
  ].join('\n');
}

/** Plants the scenario's castle. `address` is the state server's; `canary` the secret, whatever the way. */
export async function plantCastle(
  scenario: Scenario,
  place: Place,
  address: string,
  canary: string,
): Promise<void> {
  const { repository, cloud, secrets } = place;
  const write = async (file: string, text: string) => {
    await mkdir(join(repository, file, '..'), { recursive: true });
    await writeFile(join(repository, file), text);
  };
  await mkdir(join(repository, '.git'));
  await write('phoenix.yaml', castleText(scenario, place));
  await write('modules/work/main.tf', moduleText);
  await write('live/root.hcl', backendText(scenario, place, address));
  for (const layer of scenario.layers)
    await write(`live/${layer.name}/terragrunt.hcl`, unitText(layer, cloud));
  await writeFile(join(secrets, secretName), canary, { mode: 0o600 });
}
