import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { warmProxmoxProvider } from '../__tests__/support/backends/proxmox-provider.ts';

/** What a module says that needs the provider; nothing of it is used, so that installing it is all that is measured. */
export const required = `terraform {
  required_providers {
    proxmox = {
      source = "bpg/proxmox"
    }
  }
}

`;

/**
 * A CLI configuration by which providers come from a mirror on this machine, as packages that have to be unpacked: what
 * a runner does that has a mirror. The provider of Proxmox is real, built from its Go module on first use.
 */
export async function mirrorConfig(folder: string): Promise<string> {
  const unpacked = await warmProxmoxProvider();
  const mirror = join(folder, 'mirror');
  const below = join('registry.opentofu.org', 'bpg', 'proxmox');
  const [version = ''] = await readdir(join(unpacked, below));
  const [platform = ''] = await readdir(join(unpacked, below, version));
  const [name = ''] = await readdir(join(unpacked, below, version, platform));
  const archive = join(mirror, below, `terraform-provider-proxmox_${version}_${platform}.zip`);
  await mkdir(dirname(archive), { recursive: true });
  const binary = await readFile(join(unpacked, below, version, platform, name));
  await writeFile(archive, await zipped(name, binary, unpacked));
  const file = join(folder, 'tofu.rc');
  await writeFile(
    file,
    `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`,
  );
  return file;
}

/** Packing takes a second or two, so the archive is kept beside what it was made from. */
async function zipped(name: string, content: Buffer, beside: string): Promise<Buffer> {
  const kept = `${beside}-${createHash('sha256').update(content).digest('hex').slice(0, 12)}.zip`;
  const there = await access(kept).then(
    () => true,
    () => false,
  );
  if (there) return readFile(kept);
  const archive = zip(name, content);
  await writeFile(`${kept}.${process.pid}`, archive);
  await rename(`${kept}.${process.pid}`, kept);
  return archive;
}

/** An archive of one program. */
function zip(name: string, content: Buffer): Buffer {
  const packed = deflateRawSync(content);
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(8, 4);
  fields.writeUInt32LE(crc32(content), 10);
  fields.writeUInt32LE(packed.length, 14);
  fields.writeUInt32LE(content.length, 18);
  fields.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, Buffer.from(name)]);
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE((0o100755 << 16) >>> 0, 6);
  // Made on Unix, so that the mode counts.
  const made = Buffer.from([20, 3]);
  const central = Buffer.concat([Buffer.from('PK\x01\x02', 'latin1'), made, fields, rest, Buffer.from(name)]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(local.length + packed.length, 12);
  return Buffer.concat([local, packed, central, Buffer.from('PK\x05\x06', 'latin1'), end]);
}
