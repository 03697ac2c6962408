import { PhoenixError } from '../errors.ts';

export interface Platform {
  readonly os: 'linux' | 'darwin';
  /** As Go and the release files name it. */
  readonly arch: 'amd64' | 'arm64';
  /** As the lock, the cache and a mirror name it, e.g. `linux-x64`. */
  readonly key: string;
}

const architectures: Readonly<Record<string, Platform['arch']>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * The platform, from Node's `process.platform` and `process.arch`. Throws PHX-TOOLCHAIN-PLATFORM for any other than
 * linux-x64, linux-arm64 and darwin-arm64. musl needs no entry of its own: every tool here is linked statically.
 */
export function platformOf(os: string, arch: string): Platform {
  const goArch = architectures[arch];
  const served = goArch !== undefined && (os === 'linux' || (os === 'darwin' && goArch === 'arm64'));
  if (served && (os === 'linux' || os === 'darwin')) return { os, arch: goArch, key: `${os}-${arch}` };
  throw new PhoenixError({
    code: 'PHX-TOOLCHAIN-PLATFORM',
    class: 'toolchain',
    what: `Phoenix does not run on ${os === 'win32' ? 'Windows' : os} (${arch}).`,
    why: 'Its tools are pinned for linux x64, linux arm64 and, for the command line, macOS arm64. Layers are process groups, and the vault is a RAM file system: Windows has neither.',
    next:
      os === 'win32'
        ? 'Run it inside WSL 2, or on a Linux runner.'
        : 'Run it on a Linux machine (x64 or arm64), or on a Mac with Apple silicon.',
  });
}
