import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Castle } from '../castle/load.ts';
import { parseJson } from '../json.ts';
import { type Check, type Finding, failed, ofCastle, ok, skipped, warning } from './check.ts';

/**
 * Who this VM is, as castle/runner writes it by cloud-init. A guest has no other way to know: Proxmox tells it neither its
 * VM id nor its tags, and what SMBIOS says of it may be read by root alone.
 */
export const machineFile = '/etc/phoenix-runner/vm.json';

/** What `machineFile` says; undefined where that cannot be read. */
export function machineIn(text: string): z.infer<typeof machine> | undefined {
  return machine.safeParse(parseJson(text)).data;
}

const machine = z.object({ vmid: z.int().min(100), tags: z.array(z.string()).default([]) });

export const blastRadius: Check = {
  id: 'machine.blast-radius',
  why: 'A rebirth that deletes the machine it runs on ends half-way, with the castle gone and nobody to raise it.',
  look: ofCastle(async ({ destroy }) => {
    if (destroy?.vmids === undefined && destroy?.tag === undefined)
      return skipped('the castle file names no VMs that may be deleted (`destroy.vmids`, `destroy.tag`)');
    const text = await readFile(machineFile, 'utf8').catch(() => undefined);
    return judgeBlastRadius(destroy, text);
  }),
};

/** `text` is what `machineFile` holds, undefined where there is none. Who is not known is never well. */
export function judgeBlastRadius(
  destroy: Pick<NonNullable<Castle['destroy']>, 'vmids' | 'tag'>,
  text: string | undefined,
): Finding {
  if (text === undefined)
    return skipped(`which VM this is cannot be told: there is no ${machineFile} (castle/runner writes it)`);
  const known = machineIn(text);
  if (known === undefined)
    return warning(
      `${machineFile} does not tell which VM this is`,
      'Write `{"vmid": 900, "tags": ["phoenix-runner"]}` there, with what Proxmox shows for this VM.',
    );
  const { vmid, tags } = known;
  const within = destroy.vmids?.some(({ first, last }) => vmid >= first && vmid <= last) ?? false;
  const tagged = destroy.tag !== undefined && tags.includes(destroy.tag);
  if (!within && !tagged) return ok(`this is VM ${vmid}, which the castle may not delete`);
  const because = [
    ...(within ? ['its id is one of `destroy.vmids`'] : []),
    ...(tagged ? [`it bears the tag \`${destroy.tag}\``] : []),
  ];
  return failed(
    `this is VM ${vmid}, which the castle may delete: ${because.join(', and ')}`,
    'Run Phoenix on a machine of its own, outside the castle: docs/runners.md.',
  );
}
