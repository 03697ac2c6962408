import { describe, expect, test } from 'vitest';
import { assertAccord, occupied } from '../../src/destroy/accord.ts';
import { type Held, heldIn } from '../../src/destroy/held.ts';
import type { Selection, Stranger } from '../../src/destroy/machines.ts';
import { PhoenixError } from '../../src/errors.ts';
import type { ProxmoxApi } from '../../src/proxmox/client.ts';
import type { Machine } from '../../src/proxmox/machines.ts';
import { rejection } from '../support/folder.ts';

const settings = {
  ...{ vmids: [{ first: 421, last: 432 }], tag: 'phoenix', name: 'tazlab-*', maker: 'platform' },
  proxmox: { endpoint: 'https://pve', tokenId: 'phoenix@pve!castle', tokenSecret: 'T' },
};
const rules = { settings, inside: new Set(['engine']), file: '/castle/phoenix.yaml' };

/** A Proxmox where these ids are taken, and which tells that these were deleted. */
function proxmox(taken: readonly number[], deleted: readonly number[] = []): ProxmoxApi {
  const asked = (parameters: Readonly<Record<string, string | number>> = {}) => Number(parameters['vmid']);
  return {
    endpoint: 'https://pve',
    async read({ route, parameters }, schema) {
      if (route === '/nodes') return schema.parse([{ node: 'pve', status: 'online' }]);
      const own = deleted.filter((vmid) => vmid === asked(parameters));
      return schema.parse(own.map((vmid) => ({ type: 'qmdestroy', id: String(vmid), status: 'OK' })));
    },
    find: async ({ parameters }, schema) =>
      taken.includes(asked(parameters)) ? undefined : schema.parse(String(asked(parameters))),
    change: () => Promise.reject(new Error('nothing is changed')),
    sleep: async () => {},
    now: () => 0,
    random: () => 0,
  };
}

const machine = (vmid: number): Machine => ({
  ...{ vmid, node: 'pve', status: 'running', name: `tazlab-${vmid}`, tags: ['phoenix'] },
  ...{ template: false, protection: false, lock: undefined, uuid: '', mark: '' },
});
const stranger = (vmid: number): Stranger => ({
  ...{ vmid, node: 'pve', name: 'alice-db', why: 'it does not bear the tag `phoenix`', inRange: true },
});
const selection = (ours: readonly number[], others: readonly number[] = []): Selection => ({
  ...{ ours: ours.map(machine), strangers: others.map(stranger), refusals: [] },
});
const held = (layer: string, vmids: readonly number[], empty = false): Held => ({
  ...{ layer, dir: `/live/${layer}`, empty },
  machines: vmids.map((vmid) => ({ vmid, address: `proxmox_virtual_environment_vm.m[${vmid}]` })),
});
const empty = (layer: string) => held(layer, [], true);

describe('a nuke goes on', () => {
  test.each([
    ['where the states hold the VMs that it deletes', [421, 422], [], [held('platform', [421, 422])], []],
    ['where one of them is gone already', [421], [], [held('platform', [421, 422])], []],
    ['where the states are lost', [421, 422], [], [empty('platform'), empty('engine')], []],
    ['beside a stranger whose id no state holds', [421], [423], [held('platform', [421])], []],
    ['beside one, where nothing is left of the castle', [], [423], [empty('platform'), empty('engine')], []],
    ['beside one, where its VMs were deleted there', [], [423], [held('platform', [421, 422])], [422]],
    ['where nothing of it is there', [], [], [empty('platform')], []],
  ] as const)('%s', async (_, ours, others, states, deleted) => {
    const api = proxmox([...ours, ...others], deleted);
    await expect(assertAccord(api, selection(ours, others), states, rules)).resolves.toEqual(states);
  });
});

describe('a nuke is refused', () => {
  test.each([
    [
      'where a stranger sits on an id of a state',
      [422],
      [421],
      [held('platform', [421, 422])],
      /id 421 is taken by alice-db/,
    ],
    ['where one out of range does', [421], [], [held('platform', [421, 777])], /id 777 is taken by a guest/],
    ['where all have become strangers', [], [421, 422], [held('platform', [421, 422])], /id 422 is taken by/],
    [
      'where none of those in the states is known there',
      [],
      [],
      [held('platform', [421])],
      /states hold VM 421 \(layer platform\)/,
    ],
    [
      'where states stand on VMs that nobody knows',
      [],
      [421],
      [held('platform', [])],
      /states of platform are not empty/,
    ],
    [
      'where only what would be dropped does',
      [],
      [421],
      [empty('platform'), held('engine', [])],
      /states of engine are not empty/,
    ],
    [
      'where a state does not tell',
      [421],
      [],
      [{ layer: 'platform', trouble: 'no bucket' }],
      /layer platform holds cannot be told: no bucket/,
    ],
  ] as const)('%s', async (_, ours, others, states, why) => {
    const api = proxmox([...ours, ...others, 777]);
    const error = await rejection(assertAccord(api, selection(ours, others), states, rules));
    if (!(error instanceof PhoenixError)) throw error;
    expect(error).toMatchObject({ code: 'PHX-DESTROY-MACHINES-REFUSED', why: expect.stringMatching(why) });
  });

  test('and tells which ids of the states are taken', async () => {
    const both = [held('platform', [421, 422]), held('dns', [900])];
    expect(await occupied(proxmox([422, 423]), both)).toEqual([
      {
        vmid: 422,
        address: 'proxmox_virtual_environment_vm.m[422]',
        layer: 'platform',
        dir: '/live/platform',
      },
    ]);
  });
});

describe('the guests that a state holds', () => {
  const state = (...resources: readonly object[]) => JSON.stringify({ version: 4, resources });
  const resource = (type: string, instances: readonly object[], more: object = {}) => ({
    ...{ mode: 'managed', type, name: 'm', instances },
    ...more,
  });

  test('are those of either provider of Proxmox, with their addresses', () => {
    const text = state(
      resource('proxmox_virtual_environment_vm', [{ index_key: 'cp-1', attributes: { vm_id: 421 } }], {
        module: 'module.vms',
      }),
      resource('proxmox_vm_qemu', [{ attributes: { vmid: '422' } }]),
      resource('proxmox_virtual_environment_download_file', [{ attributes: { id: 'local:a' } }]),
      resource('aws_instance', [{ attributes: { vm_id: 7 } }]),
      resource('proxmox_virtual_environment_vm', [{ attributes: { vm_id: 423 } }], { mode: 'data' }),
    );
    expect(heldIn(`Warning: beta\n${text}`)).toEqual({
      empty: false,
      machines: [
        { vmid: 421, address: 'module.vms.proxmox_virtual_environment_vm.m["cp-1"]' },
        { vmid: 422, address: 'proxmox_vm_qemu.m' },
      ],
    });
  });

  test('are none where there is no state, or an empty one', () => {
    expect(heldIn('')).toEqual({ empty: true, machines: [] });
    expect(heldIn(state())).toEqual({ empty: true, machines: [] });
  });

  test.each([
    ['a VM without an id', state(resource('proxmox_virtual_environment_vm', [{ attributes: null }]))],
    ['what is no state', '{"version": 4}'],
    ['what is no JSON', 'no'],
  ])('cannot be told from %s', (_, text) => {
    expect(heldIn(text)).toEqual({ trouble: expect.any(String) });
  });
});
