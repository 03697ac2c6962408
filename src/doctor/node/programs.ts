import { access, constants, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { pluginFolders } from '../../rehearsal/real/host-programs.ts';
import { type Finding, failed, ok } from '../check.ts';

/** Debian's and Ubuntu's package of each program that the node is made with. */
const packageOf = {
  containerd: 'containerd',
  'containerd-shim-runc-v2': 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  iptables: 'iptables',
  nft: 'nftables',
  ip: 'iproute2',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  mount: 'mount',
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
} as const;

/** The CNI plugins that the node's network is made of. */
const plugins = ['bridge', 'host-local', 'loopback', 'portmap'] as const;
const pluginPackage = 'containernetworking-plugins';

/** Where the programs of a node are looked for, whatever PATH its caller has. */
export const programFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** Upstream's place for CNI plugins, Debian's, Fedora's. */

export interface ProgramsPicture {
  /** Names of programs, or CNI plugins, that are in none of the usual folders. */
  readonly programs: readonly (keyof typeof packageOf)[];
  readonly plugins: readonly string[];
  /** `ID` and `ID_LIKE` of os-release(5). */
  readonly distribution: readonly string[];
}

export async function lookAtPrograms(): Promise<ProgramsPicture> {
  const names = Object.keys(packageOf) as (keyof typeof packageOf)[];
  const [lacking, byFolder, release] = await Promise.all([
    absent(names, programFolders),
    Promise.all(pluginFolders.map((folder) => absent(plugins, [folder]))),
    readFile('/etc/os-release', 'utf8').catch(() => ''),
  ]);
  const { ID = '', ID_LIKE = '' } = parseEnv(release);
  // One folder must have them all: containerd is given one.
  const fewest = byFolder.toSorted((a, b) => a.length - b.length)[0] ?? plugins;
  return { programs: lacking, plugins: fewest, distribution: `${ID} ${ID_LIKE}`.trim().split(/\s+/) };
}

export function judgePrograms({ programs, plugins: lacking, distribution }: ProgramsPicture): Finding {
  if (programs.length + lacking.length === 0) return ok('every program that a node is made with is there');
  const names = [...programs, ...lacking.map((name) => `the CNI plugin ${name}`)].join(', ');
  const packages = [
    ...new Set([...programs.map((name) => packageOf[name]), ...(lacking.length > 0 ? [pluginPackage] : [])]),
  ];
  const debian = distribution.some((id) => id === 'debian' || id === 'ubuntu');
  return failed(
    `missing: ${names}`,
    debian
      ? `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`
      : 'Take Debian or Ubuntu, of whose packages the images of the node are made.',
  );
}

async function absent<T extends string>(names: readonly T[], folders: readonly string[]): Promise<T[]> {
  const each = await Promise.all(
    names.map(async (name) => {
      const tries = folders.map((folder) => access(join(folder, name), constants.X_OK));
      return Promise.any(tries).then(
        () => [],
        () => [name],
      );
    }),
  );
  return each.flat();
}
