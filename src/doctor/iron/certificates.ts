import { connect } from 'node:tls';
import { type Check, type Finding, failed, listed, ofCastle, ok, skipped, warning } from '../check.ts';
import { machinesOf, type Platform, platformOf } from './inputs.ts';

const withinMs = 2_000;
const apidPort = 50_000;
const serverPort = 6_443;

/** A door of the cluster, the name it must be good for, and the setting that puts it there. */
export interface Door {
  readonly of: string;
  readonly host: string;
  readonly port: number;
  readonly setting: 'machine.certSANs' | 'cluster.apiServer.certSANs';
}

export const certificates: Check = {
  id: 'iron.cert-sans',
  why: "Talos' API and the API server have certificates of their own: an address that stands in only one of `machine.certSANs` and `cluster.apiServer.certSANs` locks the other door.",
  look: ofCastle(async (castle, _, subject) => {
    const platform = await platformOf(castle, subject);
    if ('status' in platform) return platform;
    const doors = doorsOf(platform);
    const seen = await Promise.all(
      doors.map(async (door) => ({ door, names: await namesAt(door, subject.signal) })),
    );
    return judgeNames(seen, platform.text);
  }),
};

/** The doors of the castle: the API server at its virtual address and on each control plane, Talos' API on each machine. */
export function doorsOf(platform: Platform): readonly Door[] {
  const { vip } = platform.inputs;
  const machines = machinesOf(platform);
  const each = 'status' in machines ? [] : machines;
  const talos = each.map(
    ({ key, address }): Door => ({ of: key, host: address, port: apidPort, setting: 'machine.certSANs' }),
  );
  const servers = each
    .filter(({ role }) => role === 'controlplane')
    .map(
      ({ key, address }): Door => ({
        of: key,
        host: address,
        port: serverPort,
        setting: 'cluster.apiServer.certSANs',
      }),
    );
  const virtual: Door[] =
    typeof vip === 'string'
      ? [{ of: 'the virtual address', host: vip, port: serverPort, setting: 'cluster.apiServer.certSANs' }]
      : [];
  return [...virtual, ...servers, ...talos];
}

/** `names`: what the certificate there is good for; undefined where nobody answers. */
export function judgeNames(
  seen: readonly { readonly door: Door; readonly names: readonly string[] | undefined }[],
  text: string,
): Finding {
  const locked = seen.filter(({ door, names }) => names !== undefined && !names.includes(door.host));
  if (locked.length > 0)
    return failed(
      `not good for their own address: ${listed(locked.map(({ door }) => `${door.host}:${door.port} (${door.of})`))}`,
      `Put it into ${listed([...new Set(locked.map(({ door }) => door.setting))])} of the machine configuration, and apply it.`,
    );
  const open = seen.filter(({ names }) => names !== undefined);
  if (open.length > 0)
    return ok(
      `the certificates at ${listed(open.map(({ door }) => `${door.host}:${door.port}`))} are good for it`,
    );
  if (!/\btalos_machine_/.test(text))
    return skipped('no machine answers, and the platform has no module of Talos that could be read');
  const count = [...text.matchAll(/\bcertSANs\b/g)].length;
  if (count >= 2) return ok('no machine answers yet; the modules of the platform set both certSANs');
  return warning(
    `no machine answers yet, and the modules of the platform set ${count === 0 ? 'neither certSANs' : 'only one of the two certSANs'}`,
    'Set the addresses and the virtual address in both `machine.certSANs` and `cluster.apiServer.certSANs`.',
  );
}

/** Names and addresses that the certificate at a door is good for. The peer is not judged: only looked at. */
function namesAt({ host, port }: Door, signal: AbortSignal): Promise<readonly string[] | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, rejectUnauthorized: false, timeout: withinMs });
    const end = (names: readonly string[] | undefined) => {
      signal.removeEventListener('abort', stop);
      socket.destroy();
      resolve(names);
    };
    const stop = () => end(undefined);
    signal.addEventListener('abort', stop, { once: true });
    socket.once('secureConnect', () => {
      const { subjectaltname = '' } = socket.getPeerCertificate();
      end([...subjectaltname.matchAll(/(?:DNS|IP Address):([^,\s]+)/g)].map(([, name = '']) => name));
    });
    socket.once('timeout', stop);
    socket.once('error', stop);
  });
}
