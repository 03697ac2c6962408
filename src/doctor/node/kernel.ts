import { tmpdir } from 'node:os';
import { runChild } from '../../child.ts';
import { type Finding, failed, listed, ok, skipped } from '../check.ts';
import { programFolders } from './programs.ts';

const withinMs = 20_000;

/** What a node does with the kernel, each tried once; a program that a try takes stands first in its command. */
const trials = {
  // On a tmpfs, so that a try which goes wrong leaves no folder.
  'overlayfs on a tmpfs':
    'mount -t tmpfs phoenix "$1" && mkdir "$1/l" "$1/u" "$1/w" "$1/m" && mount -t overlay -o "lowerdir=$1/l,upperdir=$1/u,workdir=$1/w" phoenix "$1/m"',
  veth: 'ip link add phoenix0 type veth peer name phoenix1',
  bridge: 'ip link add phoenix2 type bridge',
  br_netfilter: 'echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables',
  'forwarding of packets': 'echo 1 > /proc/sys/net/ipv4/ip_forward',
  'iptables with nat, comment and conntrack':
    'iptables -t nat -A POSTROUTING -m conntrack --ctstate NEW -m comment --comment phoenix -j MASQUERADE',
  'nftables with nat, maps and numgen':
    "nft 'add table ip phoenix; add chain ip phoenix nat { type nat hook prerouting priority -100; }; add rule ip phoenix nat tcp dport 1 dnat to numgen random mod 2 map { 0 : 127.0.0.1, 1 : 127.0.0.2 }'",
} as const;

const namespaces = 'namespaces of its own';

/** By trial: undefined where it went well, else what was said. A trial that could not be made is not there. */
export type KernelPicture = ReadonlyMap<string, string | undefined>;

/**
 * Tries it all in namespaces that end with the trial. Nothing outside is touched, but the kernel may load the modules that
 * are asked for, as it would for a node.
 */
export async function lookAtKernel(signal: AbortSignal): Promise<KernelPicture> {
  const { code, stdout, stderr, trouble } = await runChild(
    'unshare',
    [
      ...['--net', '--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child', '--mount-proc'],
      ...['--propagation', 'private', '/bin/sh', '-c', script, 'sh', tmpdir()],
    ],
    { env: { PATH: programFolders.join(':'), LC_ALL: 'C' }, signal, timeoutMs: withinMs },
  );
  if (trouble === 'ENOENT') return new Map();
  if (!stdout.includes('\t')) return new Map([[namespaces, said(stderr) || trouble || `exit code ${code}`]]);
  const lines = stdout.split('\n').flatMap((line): [string, string | undefined][] => {
    const [name, verdict, words = ''] = line.split('\t');
    if (name === undefined || verdict === undefined || verdict === '127') return [];
    return [[name, verdict === '0' ? undefined : said(words) || `exit code ${verdict}`]];
  });
  return new Map([[namespaces, undefined], ...lines]);
}

export function judgeKernel(picture: KernelPicture): Finding {
  const wrong = [...picture].filter(([, words]) => words !== undefined);
  if (wrong.length > 0)
    return failed(
      `not to be had: ${wrong.map(([name, words]) => `${name} (${words})`).join(', ')}`,
      'Take a kernel that has it. Where it is a module: `modprobe -a overlay veth bridge br_netfilter nf_tables nf_nat`.',
    );
  const untold = [namespaces, ...Object.keys(trials)].filter((name) => !picture.has(name));
  if (untold.length > 0)
    return skipped(`it cannot be told without the programs that are missing: ${listed(untold)}`);
  return ok(
    'namespaces, overlayfs, veth, bridge, iptables and nftables, each tried in namespaces of their own',
  );
}

/** One line a trial: its name, exit code and words, between tabs. */
const script = Object.entries(trials)
  .map(
    ([name, command]) =>
      `said=$( { ${command}; } 2>&1 ); printf '%s\\t%s\\t%s\\n' '${name}' $? "$(echo "$said" | tr '\\n\\t' '  ')"`,
  )
  .join('\n');

const said = (text: string) => text.trim().split('\n')[0]?.trim().slice(0, 160) ?? '';
