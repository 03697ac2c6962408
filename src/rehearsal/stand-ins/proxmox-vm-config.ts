import { createHash, randomUUID } from 'node:crypto';
import { isDisk, placeDisk } from './proxmox-disks.ts';
import { badParameter } from './proxmox-refusal.ts';
import type { Server } from './proxmox-server.ts';
import type { Machine } from './proxmox-world.ts';

/** The options of a VM's configuration that this stand-in knows; Proxmox refuses what it does not know, and so does this. */
const known =
  /^(?:acpi|agent|arch|balloon|bios|boot|cicustom|cipassword|citype|ciupgrade|ciuser|cores|cpu|cpulimit|cpuunits|description|hotplug|ipconfig\d+|keyboard|kvm|machine|memory|name|nameserver|net\d+|numa|onboot|ostype|protection|rng0|scsihw|searchdomain|serial\d+|smbios1|sockets|sshkeys|startup|tablet|tags|template|vga|vmgenid)$/;
/** Parameters of a request that are no option of the configuration. */
const notShown = new Set([
  'vmid',
  'node',
  'force',
  'start',
  'pool',
  'storage',
  'unique',
  'delete',
  'digest',
  'skiplock',
]);

/** Refuses what cannot be set; called before a task begins, as Proxmox checks its parameters. */
export function checkOptions(parameters: ReadonlyMap<string, string>): void {
  for (const [key, value] of parameters) {
    if (notShown.has(key) || isDisk(key)) continue;
    if (!known.test(key)) {
      throw badParameter(
        key,
        'property is not defined in schema and the schema does not allow additional properties',
      );
    }
    if (key === 'tags' && !/^[a-z0-9_][a-z0-9_\-+.]*(?:[;,][a-z0-9_][a-z0-9_\-+.]*)*$/i.test(value))
      throw badParameter('tags', `invalid format - invalid tag`);
    if (key === 'name' && !/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i.test(value))
      throw badParameter('name', `invalid format - value does not look like a valid DNS name`);
  }
}

/** Sets options, makes the volumes of disks, and takes out what `delete` names. */
export function setOptions(server: Server, machine: Machine, parameters: ReadonlyMap<string, string>): void {
  const { config } = machine;
  for (const [key, value] of parameters) {
    if (notShown.has(key)) continue;
    if (isDisk(key)) placeDisk(server, machine, key, value);
    else if (/^net\d+$/.test(key)) config.set(key, withAddress(value, `${machine.vmid}${key}`));
    else if (key === 'tags') config.set(key, value.replaceAll(',', ';'));
    else config.set(key, value);
  }
  for (const key of (parameters.get('delete') ?? '').split(',')) config.delete(key);
}

/** What Proxmox gives each new VM by itself. */
export function setDefaults({ config }: Machine): void {
  const smbios = config.get('smbios1') ?? '';
  if (!smbios.includes('uuid='))
    config.set('smbios1', [`uuid=${randomUUID()}`, smbios].filter(Boolean).join(','));
  if (!config.has('vmgenid')) config.set('vmgenid', randomUUID());
}

/** The configuration as GET shows it; numbers as numbers, a password never, and the digest of it all. */
export function shownConfig({ config, lock }: Machine): Readonly<Record<string, unknown>> {
  const entries = [...config].map(([key, value]): [string, unknown] => [
    key,
    key === 'cipassword'
      ? '**********'
      : /^(?:cores|sockets|cpuunits|balloon|onboot|protection|numa|tablet|acpi|template)$/.test(key)
        ? Number(value)
        : value,
  ]);
  const digest = createHash('sha1').update(JSON.stringify(entries)).digest('hex');
  return { ...Object.fromEntries(entries), digest, ...(lock === undefined ? {} : { lock }) };
}

/** `virtio,bridge=vmbr0` gets its address, from the prefix that Proxmox has: `virtio=BC:24:11:…,bridge=vmbr0`. */
function withAddress(value: string, seed: string): string {
  const [model = '', ...options] = value.split(',');
  if (/=(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(model)) return value;
  const bytes = createHash('sha1').update(seed).digest().subarray(0, 3);
  const address = [
    'BC',
    '24',
    '11',
    ...[...bytes].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')),
  ];
  return [`${model.replace(/^model=/, '').split('=')[0]}=${address.join(':')}`, ...options].join(',');
}
