/** A castle whose layers read what they are made from in every way that Terragrunt and OpenTofu know. */
export const castleText = `version: 1
castle: small
live: live
secrets:
  source: { files: { dir: /dev/shm/none } }
  TOKEN: { layers: [secrets] }
  KEY: {}
layers:
  storage: { timeout: 5m }
gitops: { path: gitops, entry: clusters/small }
`;

const include = 'include "root" {\n  path = find_in_parent_folders("root.hcl")\n}\n';

function unit(source: string, after: string, more = ''): string {
  const waits = after === '' ? '' : `dependencies {\n  paths = ["../${after}"]\n}\n`;
  return `${include}terraform {\n  source = "${source}"\n}\n${waits}${more}`;
}

const empty = 'resource "terraform_data" "made" {}\n';

export const tree: Readonly<Record<string, string>> = {
  'phoenix.yaml': castleText,
  'phoenix.lock': '{}\n',
  'README.md': 'A castle.\n',
  'docs/plan.svg': '<svg/>\n',
  '.github/workflows/ci.yml': 'on: push\n',
  '.gitignore': '.terragrunt-cache\n',
  'gitops/clusters/small/flux.yaml': 'kind: Kustomization\n',
  'live/root.hcl': 'locals {\n  common = yamldecode(file("common.yaml"))\n}\n',
  'live/common.yaml': 'a: 1\n',
  'live/env.hcl': 'locals {\n  region = "eu"\n}\n',
  'live/secrets/terragrunt.hcl': include,
  'live/secrets/main.tf': empty,
  'live/platform/terragrunt.hcl': unit('../../modules//platform', 'secrets'),
  'live/engine/terragrunt.hcl': unit(
    `\${get_repo_root()}/modules/engine`,
    'platform',
    'locals {\n  env = read_terragrunt_config(find_in_parent_folders("env.hcl"))\n}\n',
  ),
  'live/networking/terragrunt.hcl': unit('../../modules//networking', 'engine'),
  'live/storage/terragrunt.hcl': unit(
    '../../vendor/ext//disk',
    'engine',
    'inputs = {\n  volumes = file("../../assets/volumes.json")\n  more = fileexists("../../assets/more.json")\n}\n',
  ),
  'live/gitops/terragrunt.hcl': unit('../../modules/current', 'engine'),
  'live/lone/terragrunt.hcl': `locals {\n  size = "small"\n  conf = file("../../conf/\${local.size}.yaml")\n}\n`,
  'live/lone/main.tf': empty,
  'conf/small.yaml': 'a: 1\n',
  'assets/volumes.json': '{}\n',
  'assets/more.json': '{}\n',
  'modules/platform/main.tf': 'module "vm" {\n  source = "./nested/vm"\n}\n',
  'modules/platform/nested/vm/main.tf': empty,
  'modules/engine/main.tf': empty,
  'modules/networking/main.tf': `module "shared" {\n  source = "../shared"\n}\nresource "terraform_data" "apply" {\n  provisioner "local-exec" {\n    command = "bash \${path.module}/../tools/apply.sh"\n  }\n}\n`,
  'modules/shared/main.tf': empty,
  'modules/tools/apply.sh': '. "$(dirname "$0")/lib.sh"\n',
  'modules/tools/lib.sh': 'true\n',
  'modules/gitops-v1/main.tf': empty,
  'modules/gitops-v2/main.tf': empty,
  'modules/unused/main.tf': empty,
  'other/live/thing/terragrunt.hcl': '',
};
