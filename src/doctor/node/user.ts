import { readProc } from '../../process/stat.ts';
import { type Finding, failed, ok } from '../check.ts';

/** Numbers as in capability.h of the kernel. */
const wanted = { CAP_NET_ADMIN: 12, CAP_SYS_CHROOT: 18, CAP_SYS_ADMIN: 21, CAP_MKNOD: 27 } as const;

export interface UserPicture {
  readonly platform: NodeJS.Platform;
  /** undefined where the platform has no user ids. */
  readonly uid: number | undefined;
  /** Effective capabilities, as `CapEff` of proc(5) has them: hexadecimal. */
  readonly capabilities: string | undefined;
  /** `/proc/self/uid_map`. */
  readonly uidMap: string | undefined;
}

export function lookAtUser(): UserPicture {
  return {
    platform: process.platform,
    uid: process.getuid?.(),
    capabilities: /^CapEff:\s*([0-9a-f]+)$/m.exec(readProc('/proc/self/status') ?? '')?.[1],
    uidMap: readProc('/proc/self/uid_map'),
  };
}

export function judgeUser({ platform, uid, capabilities, uidMap }: UserPicture): Finding {
  if (platform !== 'linux')
    return failed(`this is ${platform}, and a node is made of Linux namespaces`, 'Take a Linux machine.');
  if (uid !== 0)
    return failed(`this user (uid ${uid}) is not root`, 'Run Phoenix as root, e.g. by `sudo -E`.');
  if (!/^\s*0\s+0\s+4294967295\s*$/.test(uidMap ?? ''))
    return failed(
      'this root is one of a user namespace, which the kernel does not let mount and limit as a node must',
      'Run it outside of the rootless container.',
    );
  const held = BigInt(`0x${capabilities ?? '0'}`);
  const lacking = Object.entries(wanted).filter(([, bit]) => (held & (1n << BigInt(bit))) === 0n);
  if (lacking.length > 0)
    return failed(
      `this root has not ${lacking.map(([name]) => name).join(', ')}`,
      'Give the container `--privileged`, or run Phoenix outside of one.',
    );
  return ok('root, with the capabilities that a node takes');
}
