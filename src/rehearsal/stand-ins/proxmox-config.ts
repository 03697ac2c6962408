import { z } from 'zod';
import { proxmoxFault } from './proxmox-faults.ts';

const contents = ['images', 'iso', 'import', 'snippets', 'vztmpl', 'backup', 'rootdir'] as const;

const storage = z.strictObject({
  name: z.string().min(1),
  type: z.enum(['dir', 'lvmthin', 'zfspool', 'nfs']).default('dir'),
  content: z.array(z.enum(contents)).min(1),
  /** Bytes. */
  total: z
    .number()
    .int()
    .positive()
    .default(100 * 1024 ** 3),
  /** Files that are there from the beginning, by their volume name below the storage, e.g. `snippets/a.yaml`. */
  files: z.array(z.string().regex(/^[a-z]+\/[^/]+$/)).default([]),
});

/** A VM that is there from the beginning, with its configuration as the API shows it. */
const machine = z.strictObject({
  vmid: z.number().int().min(100),
  /** The node that has it, where that is another of the cluster. */
  node: z.string().optional(),
  /** A container is listed, and has no route here. */
  kind: z.enum(['qemu', 'lxc']).default('qemu'),
  /** The token may not see it: it has no VM.Audit there. */
  hidden: z.boolean().default(false),
  /** The cluster's high availability keeps it. */
  ha: z.boolean().default(false),
  lock: z.enum(['create', 'clone', 'backup']).optional(),
  status: z.enum(['running', 'stopped']).default('stopped'),
  config: z.record(z.string(), z.string()),
});

export const proxmoxConfig = z.strictObject({
  /** `USER@REALM!NAME=SECRET`, as it stands behind `PVEAPIToken=`. */
  token: z.string().regex(/^[^@\s]+@[^!\s]+![^=\s]+=\S{8,}$/),
  node: z.string().default('pve'),
  /** Other nodes of the cluster; what is to be done on one that is offline is refused with 595. */
  others: z.array(z.strictObject({ name: z.string().min(1), online: z.boolean().default(true) })).default([]),
  /** Privileges that the token has not. */
  lacks: z.array(z.enum(['VM.PowerMgmt', 'VM.Allocate'])).default([]),
  version: z.string().default('8.4.1'),
  storages: z.array(storage).default([
    { name: 'local', type: 'dir', content: ['iso', 'import', 'snippets'], total: 100 * 1024 ** 3, files: [] },
    { name: 'local-lvm', type: 'lvmthin', content: ['images'], total: 500 * 1024 ** 3, files: [] },
  ]),
  machines: z.array(machine).default([]),
  /** How long a task runs, and how long after its start a VM's agent answers. */
  taskMs: z.number().int().nonnegative().default(100),
  agentMs: z.number().int().nonnegative().default(100),
  faults: z.array(proxmoxFault).default([]),
});

export type ProxmoxConfig = z.output<typeof proxmoxConfig>;
export type StorageConfig = z.output<typeof storage>;
