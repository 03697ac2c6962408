import { z } from 'zod';

/**
 * What the API of Proxmox VE answers, as far as Phoenix reads it. Perl has no booleans: 0 and 1 stand for them, as numbers
 * or as texts, and a text of digits may come as a number.
 */
const flag = z
  .union([z.literal([0, 1, '0', '1']), z.boolean()])
  .transform((value) => value === true || String(value) === '1');
const text = z.union([z.string(), z.number()]).transform(String);
const whole = z.coerce.number().int().nonnegative();

export const versionAnswer = z.object({ version: text });

/** GET /nodes. `unknown`: a node that its cluster has not heard of lately. */
export const nodesAnswer = z.array(z.object({ node: z.string().min(1), status: text.default('unknown') }));

/**
 * GET /cluster/resources?type=vm. Name, status and template come from what each node last broadcast, so they may be missing
 * or old; who a VM is stands in its configuration.
 */
export const resourcesAnswer = z.array(
  z.object({
    type: z.enum(['qemu', 'lxc']),
    vmid: whole,
    node: z.string().min(1),
    status: text.default('unknown'),
    name: text.optional(),
    tags: text.optional(),
  }),
);

/** GET /nodes/NODE/qemu/VMID/config. */
export const configAnswer = z.object({
  name: text.optional(),
  tags: text.optional(),
  template: flag.default(false),
  protection: flag.default(false),
  lock: text.optional(),
  /** `uuid=…`, made with the VM and copied into no clone. */
  smbios1: text.optional(),
  vmgenid: text.optional(),
  /** `creation-qemu=9.0.2,ctime=1712345678`. */
  meta: text.optional(),
});

/** GET /nodes/NODE/qemu/VMID/status/current. */
export const statusAnswer = z.object({ status: text, lock: text.optional() });

/** What begins a task answers with its UPID: `UPID:NODE:PID:PSTART:START:TYPE:ID:USER:`. */
export const upidAnswer = z.string().regex(/^UPID:[^:/\s]+:[^/\s]+$/);

/** GET /nodes/NODE/tasks/UPID/status. */
export const taskAnswer = z.object({ status: text, exitstatus: text.optional() });

/** GET /nodes/NODE/tasks. `status` is how a task ended. */
export const tasksAnswer = z.array(z.object({ type: text, id: text.default(''), status: text.default('') }));

/** GET /nodes/NODE/storage. Bytes. */
export const storagesAnswer = z.array(
  z.object({
    storage: z.string().min(1),
    content: text.default(''),
    active: flag.default(true),
    shared: flag.default(false),
    total: whole.default(0),
    used: whole.default(0),
  }),
);

/** GET /nodes/NODE/storage/STORAGE/content. */
export const contentAnswer = z.array(z.object({ volid: z.string().min(1), vmid: whole.optional() }));
