import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { takeInventory } from '../../src/destroy/inventory.ts';
import { selectMachines } from '../../src/destroy/machines.ts';
import { takeMachines } from '../../src/destroy/take.ts';
import { silentLog } from '../../src/log.ts';
import { connectProxmox } from '../../src/proxmox/client.ts';
import { startProxmox } from '../../src/rehearsal/stand-ins/proxmox.ts';

const tokenId = 'phoenix@pve!castle';
const secret = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';
const criteria = { vmids: [{ first: 421, last: 432 }], tag: 'phoenix', name: 'tazlab-*' };
const inventories = 1000;

/** When a VM becomes another one: never, after it was looked at, or once its power is cut. */
type Change = 'none' | 'renamed' | 'tagged' | 'remade' | 'protected' | 'remade-when-stopped';

const guest = fc.record({
  vmid: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 419, max: 434 }) },
    { weight: 1, arbitrary: fc.constantFrom(100, 121, 4210, 4321, 1421, 999_999) },
  ),
  node: fc.constantFrom('pve', 'pve2'),
  kind: fc.oneof(
    { weight: 9, arbitrary: fc.constant('qemu' as const) },
    { weight: 1, arbitrary: fc.constant('lxc' as const) },
  ),
  status: fc.constantFrom('running' as const, 'stopped' as const),
  name: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('tazlab-cp-1', 'tazlab-w-1', 'tazlab-') },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        'tazlab',
        'Tazlab-cp-1',
        'my-tazlab-1',
        'tazlab-*',
        'tazlab_1',
        '*',
        '',
        'tazlab*',
      ),
    },
  ),
  tags: fc.oneof(
    {
      weight: 5,
      arbitrary: fc.constantFrom('phoenix', 'phoenix;tazlab', 'a,phoenix', ' x phoenix ', 'z;phoenix;a'),
    },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        '',
        'phoenix-old',
        'phoenixx',
        'Phoenix',
        'PHOENIX;a',
        'xphoenix',
        'phoe;nix',
        'phoenix.',
      ),
    },
  ),
  ha: fc.boolean(),
  change: fc.oneof(
    { weight: 6, arbitrary: fc.constant<Change>('none') },
    {
      weight: 2,
      arbitrary: fc.constantFrom<Change>('renamed', 'tagged', 'remade', 'protected', 'remade-when-stopped'),
    },
  ),
});
type Guest = typeof guest extends fc.Arbitrary<infer T> ? T : never;

/** Said again in other words than those of the product. */
function isOurs({ vmid, kind, name, tags }: Guest): boolean {
  const words = tags.replaceAll(';', ' ').replaceAll(',', ' ').split(' ');
  return (
    kind === 'qemu' &&
    vmid > 420 &&
    vmid < 433 &&
    words.some((word) => word === 'phoenix') &&
    name.startsWith('tazlab-')
  );
}

const configOf = ({ vmid, name, tags }: Guest, uuid: string): Record<string, string> => ({
  ...{
    name,
    tags,
    smbios1: `uuid=${uuid}`,
    vmgenid: `g-${uuid}`,
    meta: `creation-qemu=9.0.2,ctime=17${vmid}`,
  },
  scsi0: `local-lvm:vm-${vmid}-disk-0,size=8G`,
});

const changes: Readonly<Record<Change, Readonly<Record<string, string>> | undefined>> = {
  none: undefined,
  renamed: { name: 'someone-elses' },
  tagged: { tags: 'keep' },
  remade: { smbios1: 'uuid=another' },
  protected: { protection: '1' },
  'remade-when-stopped': { smbios1: 'uuid=another' },
};

async function play(guests: readonly Guest[]): Promise<void> {
  await using proxmox = await startProxmox({
    token: `${tokenId}=${secret}`,
    node: 'pve',
    others: [{ name: 'pve2' }],
    taskMs: 0,
    machines: guests.map((each, index) => ({
      ...{ vmid: each.vmid, node: each.node, kind: each.kind, status: each.status, ha: each.ha },
      config: configOf(each, `u-${index}`),
    })),
  });
  const alter = async ({ vmid, node, change }: Guest) => {
    const answer = await fetch(`${proxmox.url}/api2/json/nodes/${node}/qemu/${vmid}/config`, {
      method: 'PUT',
      headers: { authorization: `PVEAPIToken=${tokenId}=${secret}`, 'x-by': 'another' },
      body: new URLSearchParams(changes[change]),
    });
    if (!answer.ok) throw new Error(answer.statusText);
  };
  const byStop = new Map(
    guests
      .filter(({ change, kind }) => change === 'remade-when-stopped' && kind === 'qemu')
      .map((each) => [`/nodes/${each.node}/qemu/${each.vmid}/status/stop`, each]),
  );
  const touched: number[] = [];
  const watching: typeof fetch = async (input, init) => {
    const url = new URL(String(input));
    const vmid = Number(/\/qemu\/(\d+)/.exec(url.pathname)?.[1]);
    if (init?.method !== 'GET') touched.push(vmid);
    const answer = await fetch(input, init);
    const altered = byStop.get(url.pathname.replace('/api2/json', ''));
    if (altered !== undefined) await alter(altered);
    return answer;
  };
  const api = connectProxmox({ endpoint: proxmox.url, tokenId }, secret, {
    ...{ env: {}, fetch: watching, signal: new AbortController().signal },
  });
  const before = new Map(proxmox.machines.map((each) => [each.vmid, each]));
  const selection = selectMachines(await takeInventory(api, criteria), criteria, {});
  expect(selection.refusals).toEqual([]);
  expect(touched).toEqual([]);
  const early = guests.filter(
    ({ kind, change }) => kind === 'qemu' && change !== 'none' && change !== 'remade-when-stopped',
  );
  for (const each of early) await alter(each);
  const taken = await takeMachines(api, selection.ours, {
    log: silentLog,
    stop: new AbortController().signal,
  });

  const ours = new Set(guests.filter(isOurs).map(({ vmid }) => vmid));
  const changed = new Set(early.map(({ vmid }) => vmid));
  const mayBeTouched = [...ours].filter((vmid) => !changed.has(vmid));
  expect(mayBeTouched).toEqual(expect.arrayContaining(touched));
  const stays = (each: Guest) =>
    !ours.has(each.vmid) ||
    changed.has(each.vmid) ||
    (each.change === 'remade-when-stopped' && each.status === 'running');
  const left = new Map(proxmox.machines.map((each) => [each.vmid, each]));
  expect([...left.keys()].sort()).toEqual(
    guests
      .filter(stays)
      .map(({ vmid }) => vmid)
      .sort(),
  );
  for (const each of guests.filter(({ vmid }) => !ours.has(vmid) && !changed.has(vmid)))
    expect(left.get(each.vmid)).toEqual(before.get(each.vmid));
  for (const { vmid } of early) expect(left.get(vmid)?.status).toBe(before.get(vmid)?.status);
  expect([...proxmox.volumes].sort()).toEqual(
    guests
      .filter(stays)
      .map(({ vmid }) => `local-lvm:vm-${vmid}-disk-0`)
      .sort(),
  );
  const verdicts = new Map(taken.map(({ vmid, verdict }) => [vmid, verdict]));
  for (const each of guests.filter(isOurs))
    expect(verdicts.get(each.vmid)).toBe(stays(each) ? 'failed' : 'deleted');
  expect(verdicts.size).toBe(ours.size);
}

describe(`VMs that are not the castle's, in ${inventories} random inventories`, () => {
  test('are never touched, and its own all go, whatever becomes of them between the look and the deletion', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(guest, { selector: ({ vmid }) => vmid, maxLength: 9 }), play),
      { numRuns: inventories },
    );
  }, 900_000);
});
