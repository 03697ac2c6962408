import { join } from 'node:path';
import { loadCastle } from '../../src/castle/load.ts';
import { PhoenixError } from '../../src/errors.ts';
import { temporaryFolder } from './folder.ts';

/** A castle file that uses every section; tests break it one place at a time. */
export const wholeCastle = `version: 1
castle: tazlab
live: live/tazlab
engine: tofu
toolchain: { opentofu: 1.12.6, kubectl: { version: 1.34.1, path: ^1.33.0 } }
env: [TF_VAR_region]
secrets:
  source:
    infisical: { host: https://eu.infisical.com, identity-id: the-identity, project-id: the-project, environment: prod }
  PROXMOX_TOKEN_SECRET: { layers: [platform], as: tfvar }
  S3_KEY: { layers: [storage], as: env }
  TLS_KEY: { as: file, name: key_file }
layers:
  platform: { timeout: 6m, stall: 2m, retry: { on: [proxmox-lock, http-5xx], times: 3 } }
kubeconfig: { layer: platform }
claim: { after: engine, store: tazlab-secrets, token: GITHUB_TOKEN, repository: https://github.com/tazzo/tazlab-k8s }
gitops: { path: gitops, entry: clusters/tazlab }
milestones:
  blog:  { within: 8m43s, all: [ { kustomization: apps-static }, { http: https://blog.example, contains: "<title>" } ] }
  stack: { within: 13m,   all: [ { kustomizations: all }, { database: {} } ] }
destroy: { vmids: 421-432, tag: phoenix, mode: nuke }
report: { history: phoenix-history, unattributed: 2% }
proxmox: { endpoint: 'https://pve.example:8006', token-id: 'phoenix@pve!castle', token-secret: PROXMOX_TOKEN_SECRET }
`;

/** A temporary folder with the castle file and the live folder that it names. */
export async function castleFolder(text: string) {
  const folder = await temporaryFolder({ 'phoenix.yaml': text, 'live/tazlab/platform/terragrunt.hcl': '' });
  return { ...folder, file: join(folder.dir, 'phoenix.yaml') };
}

/** The error of the whole castle file with `from` replaced by `to`; fails where the text has no `from`. */
export async function brokenCastle(
  from: string | RegExp,
  to: string,
  ...more: readonly (readonly [string, string])[]
): Promise<PhoenixError> {
  let text = wholeCastle;
  for (const [old, replacement] of [[from, to] as const, ...more]) {
    const changed = text.replace(old, () => replacement);
    if (changed === text) throw new Error(`the castle file has no ${old}`);
    text = changed;
  }
  await using folder = await castleFolder(text);
  const error: unknown = await loadCastle(folder.file).then(
    () => new Error('the castle file was taken'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof PhoenixError) return error;
  throw error;
}
