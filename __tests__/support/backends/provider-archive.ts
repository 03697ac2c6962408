import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { warmProxmoxBinary } from './proxmox-provider.ts';

/** A program as an archive has it. Packing a large one takes a second or two, so it is done once for all its names. */
export interface Packed {
  readonly packed: Buffer;
  readonly size: number;
  readonly crc: number;
}

export function pack(content: Buffer): Packed {
  return { packed: deflateRawSync(content), size: content.length, crc: crc32(content) };
}

/** An archive of one program, as a registry hands a provider out. */
export function archive(name: string, { packed, size, crc }: Packed): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(8, 4);
  fields.writeUInt32LE(crc, 10);
  fields.writeUInt32LE(packed.length, 14);
  fields.writeUInt32LE(size, 18);
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

const platform = `linux_${process.arch === 'x64' ? 'amd64' : process.arch}`;

/** Where a mirror in `folder` has the archive of version 1.0.0 of NAMESPACE/TYPE. */
export function archiveOf(folder: string, namespace: string, type: string): string {
  const below = join(folder, 'mirror', 'registry.opentofu.org', namespace, type);
  return join(below, `terraform-provider-${type}_1.0.0_${platform}.zip`);
}

/**
 * A mirror in `folder` of providers as archives, all that of Proxmox by other names: a real one, built from its Go module
 * on first use. Gives the engine's CLI configuration that names the mirror.
 */
export async function mirrorOf(folder: string, namespace: string, types: readonly string[]): Promise<string> {
  const program = pack(await readFile(await warmProxmoxBinary()));
  for (const type of types) {
    const file = archiveOf(folder, namespace, type);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, archive(`terraform-provider-${type}_v1.0.0`, program));
  }
  const file = join(folder, 'tofu.rc');
  const mirror = JSON.stringify(join(folder, 'mirror'));
  await writeFile(file, `provider_installation {\n  filesystem_mirror {\n    path = ${mirror}\n  }\n}\n`);
  return file;
}
