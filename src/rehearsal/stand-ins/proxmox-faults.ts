import { z } from 'zod';
import { strike } from './faults.ts';

/**
 * What this stand-in can be made to fail with: KIND, or `KIND*N` for the first N that meet it. The texts that it answers
 * with are those of Proxmox VE 8 (PVE::Tools, PVE::QemuServer, PVE::Storage).
 */
export const proxmoxFaultKinds = {
  '500': 'answers 500 to every request but the one for its version',
  '595': 'answers 595, as the proxy of a cluster does for a node that it does not reach',
  '401': 'refuses the token',
  slow: 'lets every task run for 30 s more',
  'clone-lock': 'does not get the lock of the template when it is to clone it',
  'config-lock': 'does not get the lock of a VM whose configuration is to change',
  'delete-lock': 'does not get the lock of a VM that is to be deleted',
  'delete-fails': 'fails to delete a VM, for a volume is in use',
  'deleted-stays': 'says OK to the deletion of a VM that is still there then',
  'stop-ignored': 'says OK to the stop of a VM that still runs then',
  'no-worker': 'starts no worker for a task',
  'vmid-exists': 'says that the VM to be made exists',
  'storage-full': 'has no room for the disk of a new VM: its task fails',
  'checksum-mismatch': 'downloads an image whose checksum is another',
  'starts-stopped': 'says OK to the start of a VM that does not run then',
  'start-fails': 'fails to start a VM, for the memory is used up',
  'agent-absent': 'has VMs whose guest agent does not answer',
} as const;

export type ProxmoxFaultKind = keyof typeof proxmoxFaultKinds;

const form = /^([a-z0-9-]+)(?:\*([1-9]\d{0,5}))?$/;

export const proxmoxFault = z
  .string()
  .refine((text) => Object.hasOwn(proxmoxFaultKinds, form.exec(text)?.[1] ?? ''), {
    error: `one of ${Object.keys(proxmoxFaultKinds).join(', ')}, or one of them with *N`,
  });

export interface ProxmoxFaults {
  /** True where `kind` strikes now; counts a fault that has a number of times. */
  strikes(kind: ProxmoxFaultKind): boolean;
}

/** The faults of one server, each with its count. */
export function planProxmoxFaults(texts: readonly string[]): ProxmoxFaults {
  const left = new Map<string, number>();
  for (const text of texts) {
    const [, kind = '', times] = form.exec(text) ?? [];
    left.set(kind, times === undefined ? Number.POSITIVE_INFINITY : Number(times));
  }
  return { strikes: (kind) => strike(left, kind) };
}
