import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../src/rehearsal/pki.ts';
import { startProxmox } from '../../src/rehearsal/stand-ins/proxmox.ts';
import { warmProxmoxProvider } from '../support/backends/proxmox-provider.ts';
import { type NukeCastle, nukeCastle, own, strangers, token } from '../support/nuke-castle.ts';
import { expectRefusal } from '../support/refusals.ts';
import { verdictsOf } from '../support/small-castle.ts';
import { warmTools } from '../support/world.ts';

beforeAll(async () => {
  await warmTools(['tofu', 'terragrunt']);
  await warmProxmoxProvider();
}, 900_000);

const confirmed = ['destroy', '--confirm', 'small'] as const;
const secrets = new Map([['PROXMOX_TOKEN_SECRET', token.secret]]);
const idsOf = (machines: readonly { readonly vmid: number }[]) => machines.map(({ vmid }) => vmid).sort();
const allGone = { storage: 'absent', engine: 'absent', platform: 'absent', secrets: 'absent', dns: 'absent' };
const nothing = { secrets: [], platform: [], engine: [], storage: [], dns: [] };

/** The strangers, as they were; and nothing else. */
function expectOnlyStrangers({ proxmox }: NukeCastle): void {
  expect(proxmox.machines.toSorted((a, b) => a.vmid - b.vmid)).toEqual(
    strangers.map(({ vmid, status, config }) => ({ vmid, status, config })),
  );
  expect(proxmox.volumes.filter((volume) => volume.startsWith('local-lvm')).sort()).toEqual(
    strangers.map(({ vmid }) => `local-lvm:vm-${vmid}-disk-0`),
  );
}

async function rebirth({ world, env }: NukeCastle): Promise<void> {
  const ended = await world.run(['rebirth'], env);
  expect(ended.code, ended.output).toBe(0);
}

describe('a castle that is nuked', () => {
  test('of VMs by the real provider goes as a whole, is listed first, and is found gone when run again', async () => {
    await using castle = await nukeCastle({ real: true, machines: strangers });
    const { world, proxmox, env } = castle;
    await rebirth(castle);
    expect(idsOf(proxmox.machines)).toEqual(idsOf([...own, ...strangers]));
    castle.changes();

    const unconfirmed = await world.run(['destroy'], env);
    await expectRefusal(world, unconfirmed, {
      ...{ code: 'PHX-DESTROY-CONFIRM', exit: 2, secrets },
      says: [
        'It would delete these VMs: 421 small-cp-1 (node pve, running), 422 small-w-1 (node pve, running).',
        /left alone: 424 db on node pve: its name does not match `small-\*`\. It sits on an id that the castle will want/,
        /left alone: 420 small-old on node pve: its id is not one of `destroy.vmids`/,
        /It would destroy, in this order: .*storage/,
      ],
    });
    expect(castle.changes()).toEqual([]);

    const ended = await world.run(confirmed, env);
    expect(ended.code, ended.output).toBe(0);
    expect(ended.report).toMatchObject({
      ...{ command: 'destroy', verdict: 'destroyed', leaks: { found: [] } },
      machines: [
        { vmid: 421, name: 'small-cp-1', node: 'pve', verdict: 'deleted', why: '' },
        { vmid: 422, name: 'small-w-1', node: 'pve', verdict: 'deleted', why: '' },
      ],
    });
    expect(verdictsOf(ended.report)).toEqual({
      ...{
        storage: 'dropped',
        engine: 'dropped',
        platform: 'absent',
        secrets: 'destroyed',
        dns: 'destroyed',
      },
    });
    expect(ended.report?.layers.find(({ name }) => name === 'engine')?.note).toMatch(
      /Its cluster is gone, and with it terraform_data\.made: dropped from the state, not destroyed\.$/,
    );
    expect(ended.output).toMatch(/VM 421 small-cp-1\s+Deleted \(node pve\)/);
    expect(await castle.states()).toEqual(nothing);
    expectOnlyStrangers(castle);
    expect(castle.changes().filter((each) => !/ 42[12]/.test(each))).toEqual([]);
    expect(await world.leftovers()).toEqual([]);

    const again = await world.run(confirmed, env);
    expect(again.code, again.output).toBe(0);
    expect(again.report).toMatchObject({ verdict: 'destroyed', machines: [] });
    expect(verdictsOf(again.report)).toEqual(allGone);
    expect(castle.changes()).toEqual([]);
  });

  test('and whose states are lost loses its VMs all the same', async () => {
    await using castle = await nukeCastle({});
    await rebirth(castle);
    await castle.forgetStates();
    const ended = await castle.world.run(confirmed, castle.env);
    expect(ended.code, ended.output).toBe(0);
    expect(ended.report?.machines).toMatchObject([{ verdict: 'deleted' }, { verdict: 'deleted' }]);
    expect(verdictsOf(ended.report)).toEqual(allGone);
    expectOnlyStrangers(castle);
  });

  test('and of which a VM cannot be deleted keeps its states, and goes on with the rest when run again', async () => {
    await using castle = await nukeCastle({ faults: ['delete-fails*1'] });
    await rebirth(castle);
    const before = await castle.states();
    const half = await castle.world.run(confirmed, castle.env);
    await expectRefusal(castle.world, half, {
      ...{ code: 'PHX-DESTROY-MACHINES', exit: 8, secrets },
      says: [/1 of 2 VMs of the castle is not deleted/, /lvremove .* in use/],
    });
    expect(half.report?.machines?.map(({ verdict }) => verdict).sort()).toEqual(['deleted', 'failed']);
    expect(new Set(Object.values(verdictsOf(half.report)))).toEqual(new Set(['skipped']));
    expect(await castle.states()).toEqual(before);
    const rest = await castle.world.run(confirmed, castle.env);
    expect(rest.code, rest.output).toBe(0);
    expect(rest.report?.machines).toMatchObject([{ verdict: 'deleted' }]);
    expect(await castle.states()).toEqual(nothing);
    expectOnlyStrangers(castle);
  });

  test('leaves a VM alone that is made on the id of one that is gone, before the engine comes to it', async () => {
    await using castle = await nukeCastle({ real: true, machines: strangers });
    const { world, proxmox, env } = castle;
    await rebirth(castle);
    const running = await world.start(confirmed, env);
    // It may be read while it is written.
    const dropped = async () => (await castle.states().catch(() => undefined))?.['storage']?.length === 0;
    while (!(await dropped())) await new Promise((resolve) => setTimeout(resolve, 20));
    castle.changes();
    await castle.byHand(421, { name: 'alice-db', tags: 'alice' });
    const ended = await running.ended;
    await expectRefusal(world, ended, {
      ...{ code: 'PHX-DESTROY-MACHINES', exit: 8, secrets },
      says: [
        /VM id 421 is taken, and the state of layer platform holds it as proxmox_virtual_environment_vm/,
      ],
    });
    expect(verdictsOf(ended.report)).toMatchObject({ engine: 'dropped', platform: 'failed' });
    expect(castle.changes()).toEqual(['POST /api2/json/nodes/pve/qemu']);
    expect(proxmox.machines.find(({ vmid }) => vmid === 421)?.config).toMatchObject({ name: 'alice-db' });
    expect((await castle.states())['platform']).not.toEqual([]);
  });

  test('leaves volumes that only bear the id of one of its VMs, and names them', async () => {
    const volume = 'nfs:images/vm-421-disk-9.raw';
    await using castle = await nukeCastle({ images: ['images/vm-421-disk-9.raw'] });
    await rebirth(castle);
    const ended = await castle.world.run(confirmed, castle.env);
    expect(ended.code, ended.output).toBe(0);
    expect(castle.proxmox.volumes).toContain(volume);
    expect(ended.output).toContain(`Volumes of deleted VMs are left, and were not touched: ${volume}`);
    expectOnlyStrangers(castle);
  });

  test('before it is reborn is shown with its VMs, told with them, and its token is in no other run', async () => {
    await using castle = await nukeCastle({});
    const { world, env } = castle;

    await rm(join(world.secrets, 'PROXMOX_TOKEN_SECRET'));
    await rebirth(castle);
    await world.writeSecrets({ PROXMOX_TOKEN_SECRET: token.secret });
    const unconfirmed = await world.run(['rebirth', '--from-nothing'], env);
    await expectRefusal(world, unconfirmed, {
      ...{ code: 'PHX-DESTROY-CONFIRM', exit: 2, secrets },
      says: [
        'It would delete these VMs: 421 small-cp-1 (node pve, running), 422 small-w-1 (node pve, stopped).',
      ],
    });
    expect(castle.changes()).toEqual([]);
    const ended = await world.run(['rebirth', '--from-nothing', '--confirm', 'small'], env);
    expect(ended.code, ended.output).toBe(0);
    expect(ended.output).toMatch(
      /deleted VMs 421 small-cp-1, 422 small-w-1; dropped (?:engine|storage), (?:engine|storage); destroyed .*platform/,
    );
  });

  test('and is cut off in the middle tells which VM is gone, and goes on when run again', async () => {
    await using castle = await nukeCastle({ taskMs: 3_000 });
    await rebirth(castle);
    const before = await castle.states();
    const running = await castle.world.start(confirmed, castle.env);
    // 422 is off already and is deleted at once, while 421 is first stopped.
    while (castle.proxmox.tasks.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    running.kill('SIGINT');
    const ended = await running.ended;
    expect({ code: ended.code, verdict: ended.report?.verdict, output: ended.output }).toMatchObject({
      ...{ code: 130, verdict: 'cancelled' },
    });
    expect(ended.report?.machines).toMatchObject([
      { vmid: 421, verdict: 'kept', why: 'the run was stopped; its power was cut' },
      { vmid: 422, verdict: 'deleted' },
    ]);
    expect(await castle.states()).toEqual(before);
    expect(await castle.world.leftovers()).toEqual([]);
    const rest = await castle.world.run(confirmed, castle.env);
    expect(rest.code, rest.output).toBe(0);
    expect(await castle.states()).toEqual(nothing);
    expectOnlyStrangers(castle);
  });

  test('and is killed is settled by the next run, which takes what is left', async () => {
    await using castle = await nukeCastle({ taskMs: 3_000 });
    await rebirth(castle);
    const running = await castle.world.start(confirmed, castle.env);
    while (castle.proxmox.tasks.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    running.kill('SIGKILL');
    await running.ended;
    const rest = await castle.world.run(confirmed, castle.env);
    expect(rest.code, rest.output).toBe(0);
    expect(await castle.states()).toEqual(nothing);
    expectOnlyStrangers(castle);
    expect(await castle.world.leftovers()).toEqual([]);
  });
});

describe('a nuke that is refused touches nothing', () => {
  test.each([
    [
      'where one of its VMs is protected',
      { config: { protection: '1' } },
      /VM 421 \(small-cp-1\) is protected/,
    ],
    ['where one of its ids cannot be seen', { hidden: true }, /VM 421 exists, and the token may not see it/],
  ])('%s', async (_, given, says) => {
    const [first, ...others] = own;
    if (first === undefined) throw new Error('there is none');
    const altered = {
      ...first,
      ...given,
      config: { ...first.config, ...('config' in given ? given.config : {}) },
    };
    await using castle = await nukeCastle({ machines: [altered, ...others, ...strangers] });
    await rebirth(castle);
    const before = await castle.states();
    const ended = await castle.world.run(confirmed, castle.env);
    const refusal = { code: 'PHX-DESTROY-MACHINES-REFUSED', exit: 2, secrets, says: [says] };
    await expectRefusal(castle.world, ended, refusal);
    expect(castle.changes()).toEqual([]);
    expect(await castle.states()).toEqual(before);
  });

  test('where a stranger sits on an id of the states, and where none of what the states hold is found', async () => {
    await using castle = await nukeCastle({ real: true, machines: strangers });
    const { world, proxmox, env } = castle;
    await rebirth(castle);
    const before = await castle.states();
    const mine = (vmid: number) => proxmox.machines.find((each) => each.vmid === vmid)?.config ?? {};
    const was = mine(421);
    const whose = { name: 'alice-db', tags: 'alice', smbios1: 'uuid=00000000-0000-4000-8000-0000000a11ce' };
    const refusal = { code: 'PHX-DESTROY-MACHINES-REFUSED', exit: 2, secrets };
    const refused = async (says: readonly RegExp[]) => {
      const machines = proxmox.machines;
      castle.changes();
      await expectRefusal(world, await world.run(confirmed, env), { ...refusal, says: [...says] });
      expect(castle.changes()).toEqual([]);
      expect(proxmox.machines).toEqual(machines);
      expect(await castle.states()).toEqual(before);
    };

    await castle.byHand(421, whose);
    await refused([
      /VM id 421 is taken by alice-db on node pve, which is not the castle's \(it does not bear the tag `phoenix`/,
      /the state of layer platform holds it as proxmox_virtual_environment_vm\.machine\["cp-1"\]/,
      /terragrunt state rm 'proxmox_virtual_environment_vm\.machine\["cp-1"\]'/,
    ]);

    await castle.byHand(421, { name: was['name'] ?? '', tags: 'small', smbios1: was['smbios1'] ?? '' });
    await castle.byHand(422, { tags: 'small' });
    await refused([/VM id 421 is taken by small-cp-1/, /VM id 422 is taken by small-w-1/]);

    // Of another Proxmox, where nothing is and nothing was.
    const file = join(world.dir, 'phoenix.yaml');
    const yaml = await readFile(file, 'utf8');
    const authority = createAuthority('elsewhere');
    await using elsewhere = await startProxmox(
      { token: `${token.id}=${token.secret}`, machines: strangers },
      { tls: authority.server({ commonName: 'pve' }, ['127.0.0.1']) },
    );
    await world.write({
      'phoenix.yaml': yaml.replace(proxmox.url, elsewhere.url).replace('ca.pem', 'other-ca.pem'),
      'other-ca.pem': authority.certificate,
    });
    await refused([
      /No VM on https:.* has id 421-432, tag phoenix, name small-\*, yet the states hold VM 421 \(layer platform\), VM 422/,
      /nothing there tells that one of these was ever deleted/,
      /On the ids of `destroy\.vmids` is seen: 423 small-db/,
      /See that `proxmox\.endpoint` is the Proxmox of this castle/,
    ]);
    expect(elsewhere.requests.filter(({ method }) => method !== 'GET')).toEqual([]);

    // As a run leaves it that is killed once the VMs are gone.
    await writeFile(file, yaml);
    for (const vmid of [421, 422]) await castle.byHand(vmid, 'deleted');
    const ended = await world.run(confirmed, env);
    expect(ended.code, ended.output).toBe(0);
    expect(verdictsOf(ended.report)).toMatchObject({ engine: 'dropped', platform: 'absent' });
    expect(await castle.states()).toEqual(nothing);
    expectOnlyStrangers(castle);
  });

  test('where none of its VMs is found, and what made them does not tell which they are', async () => {
    await using castle = await nukeCastle({});
    await rebirth(castle);
    const before = await castle.states();
    for (const vmid of [421, 422]) await castle.byHand(vmid, { tags: 'small' });
    castle.changes();
    await expectRefusal(castle.world, await castle.world.run(confirmed, castle.env), {
      ...{ code: 'PHX-DESTROY-MACHINES-REFUSED', exit: 2, secrets },
      says: [
        /the states of (?:platform|engine|storage|, )+ are not empty, and do not tell which VMs they stand on/,
        /is seen: 421 small-cp-1 on node pve, which is not the castle's \(it does not bear the tag `phoenix`\)/,
      ],
    });
    expect(castle.changes()).toEqual([]);
    expect(await castle.states()).toEqual(before);
  });

  test('where only a part is asked for, or what goes with the VMs is protected', async () => {
    await using castle = await nukeCastle({ yaml: ', protect: [engine]' });
    const { world, env } = castle;
    await rebirth(castle);
    const part = await world.run([...confirmed, '--only', 'engine'], env);
    const refusal = { code: 'PHX-DESTROY-WHOLE', exit: 2, secrets };
    await expectRefusal(world, part, { ...refusal, says: [/`only` names a part of it/] });
    await expectRefusal(world, await world.run(confirmed, env), {
      ...{ ...refusal, says: [/protects secrets, platform, engine|protects .*platform.*engine/] },
    });
    expect(castle.changes()).toEqual([]);
  });

  test('where Proxmox does not take the token, or does not answer', async () => {
    await using castle = await nukeCastle({});
    const { world, env, proxmox } = castle;
    await rebirth(castle);
    const before = await castle.states();
    await world.writeSecrets({ PROXMOX_TOKEN_SECRET: 'another-secret-0123456789' });
    await expectRefusal(world, await world.run(confirmed, env), { code: 'PHX-PROXMOX-AUTH', exit: 4 });
    await proxmox.close();
    const dead = await world.run(confirmed, env);
    await expectRefusal(world, dead, { code: 'PHX-PROXMOX-UNREACHABLE', exit: 8, says: [/ECONNREFUSED/] });
    expect(await castle.states()).toEqual(before);
    const unconfirmed = await world.run(['destroy'], env);
    await expectRefusal(world, unconfirmed, {
      ...{ code: 'PHX-DESTROY-CONFIRM', exit: 2 },
      says: [/the VMs with id 421-432, tag phoenix, name small-\*; they could not be listed/],
    });
  });
});
