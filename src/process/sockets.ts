import { readlinkSync } from 'node:fs';
import { listProc, readProc } from './stat.ts';

export interface SocketRecord {
  readonly inode: string;
  readonly kind: 'tcp' | 'udp' | 'unix';
  /** `127.0.0.1:8006`, `[::1]:8006`; for a unix socket its path, '' where it has none. */
  readonly local: string;
  /** '' for a unix socket and for one that listens. */
  readonly remote: string;
  /** `ESTABLISHED`, `SYN_SENT` …, as in include/net/tcp_states.h; for a unix socket `CONNECTED` … */
  readonly state: string;
}

const tcpStates = [
  '',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
  'NEW_SYN_RECV',
] as const;
const unixStates = ['FREE', 'UNCONNECTED', 'CONNECTING', 'CONNECTED', 'DISCONNECTING'] as const;

const mostDescriptors = 4096;

/** What a process' descriptors point at: number → `socket:[INODE]`, `pipe:[INODE]`, a path … */
export function descriptors(pid: number): Map<number, string> {
  const found = new Map<number, string>();
  for (const name of listProc(`/proc/${pid}/fd`).slice(0, mostDescriptors)) {
    try {
      found.set(Number(name), readlinkSync(`/proc/${pid}/fd/${name}`));
    } catch {
      // Closed between the listing and here.
    }
  }
  return found;
}

/** The inode in `socket:[INODE]` or `pipe:[INODE]`. */
export function inodeIn(kind: 'socket' | 'pipe', target: string): string | undefined {
  const [, found, inode] = /^(socket|pipe):\[(\d+)\]$/.exec(target) ?? [];
  return found === kind ? inode : undefined;
}

/** The sockets that are among a process' descriptors. */
export function socketsOf(pid: number, open = descriptors(pid)): SocketRecord[] {
  const inodes = [...new Set(open.values())].flatMap((target) => inodeIn('socket', target) ?? []);
  if (inodes.length === 0) return [];
  // The tables of the process' own network namespace.
  const table = (name: string) => readProc(`/proc/${pid}/net/${name}`) ?? '';
  const known = new Map(
    [
      ...parseInet(table('tcp'), 'tcp'),
      ...parseInet(table('tcp6'), 'tcp'),
      ...parseInet(table('udp'), 'udp'),
      ...parseInet(table('udp6'), 'udp'),
      ...parseUnix(table('unix')),
    ].map((socket) => [socket.inode, socket]),
  );
  return inodes.flatMap((inode) => known.get(inode) ?? []);
}

export function parseInet(table: string, kind: 'tcp' | 'udp'): SocketRecord[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local, remote, state, , , , , , inode] = line.trim().split(/\s+/);
      if (local === undefined || remote === undefined || state === undefined || inode === undefined)
        return [];
      const far = address(remote);
      return [
        {
          inode,
          kind,
          local: address(local),
          remote: far.endsWith(':0') ? '' : far,
          state: tcpStates[Number.parseInt(state, 16)] ?? state,
        },
      ];
    });
}

export function parseUnix(table: string): SocketRecord[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, state, inode, path] = /^\S+ \S+ \S+ \S+ \S+ (\S+)\s+(\d+)(?: (.*))?$/.exec(line.trim()) ?? [];
      if (state === undefined || inode === undefined) return [];
      const word = unixStates[Number.parseInt(state, 16)] ?? state;
      return [{ inode, kind: 'unix' as const, local: path ?? '', remote: '', state: word }];
    });
}

/** `0100007F:1F46` → `127.0.0.1:8006`: each word of the address stands with its lowest byte first. */
function address(hex: string): string {
  const [host = '', port = ''] = hex.split(':');
  const bytes = (host.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse());
  const tail = `:${Number.parseInt(port, 16)}`;
  const dotted = (part: string[]) => part.map((byte) => Number.parseInt(byte, 16)).join('.');
  if (bytes.length === 4) return dotted(bytes) + tail;
  const flat = bytes.join('').toLowerCase();
  if (flat.startsWith('00000000000000000000ffff')) return dotted(bytes.slice(12)) + tail;
  const groups = (flat.match(/.{4}/g) ?? []).map((group) => Number.parseInt(group, 16).toString(16));
  return `[${shorten(groups)}]${tail}`;
}

/** The longest run of zero groups of an IPv6 address as `::`. */
function shorten(groups: readonly string[]): string {
  const text = groups.join(':');
  const runs = text.match(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g) ?? [];
  const longest = runs.toSorted((left, right) => right.length - left.length)[0];
  if (longest === undefined) return text;
  const at = text.indexOf(longest);
  const [before, after] = [text.slice(0, at), text.slice(at + longest.length)];
  return `${before.replace(/:$/, '')}::${after.replace(/^:/, '')}`;
}
