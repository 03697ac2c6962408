import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { archive, pack } from '../__tests__/support/backends/provider-archive.ts';
import { warmProxmoxBinary } from '../__tests__/support/backends/proxmox-provider.ts';

/** So many providers there are; with more layers some share one. */
const kinds = 8;
const version = '1.0.0';
const namespace = 'bench';
const typeOf = (layer: number) => `kind${layer % kinds}`;

/**
 * What a layer's module says that needs a provider, each another one as real layers do; nothing of it is used, so that
 * installing it is all that is measured.
 */
export function required(layer: number): string {
  const source = `registry.opentofu.org/${namespace}/${typeOf(layer)}`;
  return `terraform {\n  required_providers {\n    own = {\n      source = "${source}"\n    }\n  }\n}\n`;
}

/**
 * A CLI configuration by which providers come from a mirror on this machine, as packages that have to be unpacked: what
 * a runner does that has a mirror. All are the provider of Proxmox by other names: a real one, built from its Go module
 * on first use.
 */
export async function mirrorConfig(folder: string): Promise<string> {
  const program = pack(await readFile(await warmProxmoxBinary()));
  const mirror = join(folder, 'mirror');
  const platform = `linux_${process.arch === 'x64' ? 'amd64' : process.arch}`;
  for (let kind = 0; kind < kinds; kind += 1) {
    const type = typeOf(kind);
    const below = join(mirror, 'registry.opentofu.org', namespace, type);
    await mkdir(below, { recursive: true });
    const name = `terraform-provider-${type}`;
    await writeFile(
      join(below, `${name}_${version}_${platform}.zip`),
      archive(`${name}_v${version}`, program),
    );
  }
  const file = join(folder, 'tofu.rc');
  await writeFile(
    file,
    `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`,
  );
  return file;
}
