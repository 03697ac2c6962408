import type { Entry } from './tar.ts';

interface User {
  readonly name: string;
  /** Of the user and of the group of the same name. */
  readonly id: number;
  readonly home?: string;
}

/**
 * What every root file system has beside its programs: users, groups, where names are looked up, and a /tmp. Users
 * other than root and nobody are the caller's.
 */
export function basics(users: readonly User[]): Entry[] {
  const all = [{ name: 'root', id: 0, home: '/root' }, ...users, { name: 'nobody', id: 65534 }];
  const passwd = all.map(({ name, id, home = '/' }) => `${name}:x:${id}:${id}:${name}:${home}:/bin/bash\n`);
  const group = all.map(({ name, id }) => `${name}:x:${id}:\n`);
  return [
    { path: 'etc', type: 'directory', mode: 0o755 },
    textEntry('etc/passwd', passwd.join('')),
    textEntry('etc/group', group.join('')),
    textEntry('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
    { path: 'tmp', type: 'directory', mode: 0o1777 },
  ];
}

export function textEntry(path: string, content: string, mode = 0o644): Entry {
  const body = Buffer.from(content);
  return { path, type: 'file', mode, size: body.length, body };
}

/** The folders whose content moved elsewhere, as links: packages of today bring only the targets. */
export const mergedUsr: readonly Entry[] = [
  ...['bin', 'lib', 'lib64', 'sbin'].flatMap((name): Entry[] => [
    { path: `usr/${name}`, type: 'directory', mode: 0o755 },
    { path: name, type: 'symlink', target: `usr/${name}` },
  ]),
  { path: 'run', type: 'directory', mode: 0o755 },
  { path: 'var', type: 'directory', mode: 0o755 },
  { path: 'var/run', type: 'symlink', target: '../run' },
];
