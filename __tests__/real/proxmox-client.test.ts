import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { takeMachines } from '../../src/destroy/take.ts';
import { leftVolumes } from '../../src/destroy/volumes.ts';
import { PhoenixError } from '../../src/errors.ts';
import { silentLog } from '../../src/log.ts';
import { connectProxmox, type ProxmoxApi } from '../../src/proxmox/client.ts';
import { listGuests, listNodes, type Machine, readMachine, stopMachine } from '../../src/proxmox/machines.ts';
import { listStorages } from '../../src/proxmox/storages.ts';
import { proxmoxVersion } from '../../src/proxmox/version.ts';
import { createAuthority } from '../../src/rehearsal/pki.ts';
import { type ProxmoxStandIn, startProxmox } from '../../src/rehearsal/stand-ins/proxmox.ts';
import { rejection, temporaryFolder } from '../support/folder.ts';
import { serveLocally } from '../support/local-server.ts';

const tokenId = 'phoenix@pve!castle';
const secret = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';
const machine = {
  vmid: 421,
  status: 'running' as const,
  config: {
    ...{ name: 'tazlab-cp-1', tags: 'phoenix;tazlab', protection: '0', agent: '1' },
    ...{ smbios1: 'uuid=AB-1,manufacturer=x', vmgenid: 'G-1', meta: 'creation-qemu=9.0.2,ctime=1712345678' },
    scsi0: 'local-lvm:vm-421-disk-0,size=8G',
  },
};
type Given = Parameters<typeof startProxmox>[0];

/** A stand-in with one VM, and its API with a clock that every wait moves on at once. */
async function open(
  given: Partial<Given> = {},
  options: { readonly secret?: string; readonly attemptMs?: number } = {},
) {
  let time = 0;
  const pauses: number[] = [];
  const proxmox = await startProxmox(
    { token: `${tokenId}=${secret}`, machines: [machine], taskMs: 0, ...given },
    { now: () => time },
  );
  const stop = new AbortController();
  const api = connectProxmox({ endpoint: proxmox.url, tokenId }, options.secret ?? secret, {
    ...{ env: {}, fetch: globalThis.fetch, signal: new AbortController().signal },
    now: () => time,
    random: () => 1,
    attemptMs: options.attemptMs ?? 5_000,
    sleep: async (ms) => {
      pauses.push(ms);
      time += ms;
    },
  });
  return { proxmox, api, pauses, stop, [Symbol.asyncDispose]: () => proxmox.close() };
}

const errorOf = async (promise: Promise<unknown>) => {
  const error = await rejection(promise);
  if (!(error instanceof PhoenixError)) throw error;
  expect(`${error.what} ${error.why} ${error.next}`).not.toContain(secret);
  return error;
};

async function first(api: ProxmoxApi): Promise<Machine> {
  const read = await readMachine(api, { vmid: 421, node: 'pve' });
  if (read === undefined) throw new Error('there is no VM 421');
  return read;
}

const take = async (
  { api, stop }: { readonly api: ProxmoxApi; readonly stop: AbortController },
  of?: Machine,
) => (await takeMachines(api, [of ?? (await first(api))], { log: silentLog, stop: stop.signal }))[0];

const changed = ({ requests }: ProxmoxStandIn) =>
  requests
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path.split('/').at(-1)}`);

describe('the API of Proxmox', () => {
  test('is asked over TLS that its own authority vouches for, and over no other', async () => {
    await using folder = await temporaryFolder();
    const [own, foreign] = [createAuthority('authority'), createAuthority('other')];
    await using proxmox = await startProxmox(
      { token: `${tokenId}=${secret}`, machines: [machine] },
      { tls: own.server({ commonName: 'pve' }, ['127.0.0.1']) },
    );
    const caFile = join(folder.dir, 'ca.pem');
    const connect = (given: { readonly caFile?: string }) =>
      connectProxmox({ endpoint: proxmox.url, tokenId, ...given }, secret, {
        ...{ env: {}, fetch: globalThis.fetch, signal: new AbortController().signal },
      });
    await writeFile(caFile, own.certificate);
    expect(await proxmoxVersion(connect({ caFile }))).toBe('8.4.1');
    // What Proxmox says of a VM that it has not stands in its status line, also on this way.
    expect(await readMachine(connect({ caFile }), { vmid: 999, node: 'pve' })).toBeUndefined();
    await writeFile(caFile, foreign.certificate);
    expect(await errorOf(proxmoxVersion(connect({ caFile })))).toMatchObject({
      ...{ code: 'PHX-PROXMOX-TLS', exitCode: 4, next: expect.stringContaining('pve-root-ca.pem') },
    });
    expect((await errorOf(proxmoxVersion(connect({})))).code).toBe('PHX-PROXMOX-TLS');
  });

  test('tells machines, nodes and storages as they are', async () => {
    await using node = await open({ others: [{ name: 'pve2', online: false }] });
    expect(await listNodes(node.api)).toEqual([
      { node: 'pve', online: true },
      { node: 'pve2', online: false },
    ]);
    expect(await listGuests(node.api)).toEqual([
      {
        ...{ kind: 'qemu', vmid: 421, node: 'pve', status: 'running', name: 'tazlab-cp-1' },
        tags: ['phoenix', 'tazlab'],
      },
    ]);
    expect(await first(node.api)).toEqual({
      ...{ vmid: 421, node: 'pve', status: 'running', name: 'tazlab-cp-1', tags: ['phoenix', 'tazlab'] },
      ...{ template: false, protection: false, lock: undefined, uuid: 'ab-1', mark: 'ab-1 g-1 1712345678' },
    });
    expect(await listStorages(node.api, 'pve')).toContainEqual({
      ...{ name: 'local-lvm', node: 'pve', content: ['images'], active: true, shared: false },
      ...{ total: 500 * 1024 ** 3, used: 8 * 1024 ** 3 },
    });
  });

  test('is asked again while what is in the way may pass, and no longer than its budget', async () => {
    await using passing = await open({ faults: ['595*2'] });
    expect(await listNodes(passing.api)).toHaveLength(1);
    expect(passing.pauses).toEqual([500, 1000]);
    await using dead = await open({ faults: ['595'] });
    expect(await errorOf(listNodes(dead.api))).toMatchObject({
      ...{ code: 'PHX-PROXMOX-UNREACHABLE', exitCode: 8, why: expect.stringContaining('no route to pve') },
    });
    expect(dead.pauses.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(30_000);
    await using broken = await open({ faults: ['500'] });
    expect((await errorOf(listNodes(broken.api))).code).toBe('PHX-PROXMOX-UNREACHABLE');
  });

  test('that does not take the token, or lets it do too little, is told from one that is down', async () => {
    await using node = await open({}, { secret: 'another-secret' });
    expect(await errorOf(listNodes(node.api))).toMatchObject({
      ...{ code: 'PHX-PROXMOX-AUTH', exitCode: 4, why: `It does not take the token ${tokenId} (401).` },
    });
    expect(node.pauses).toEqual([]);
    await using poor = await open({ lacks: ['VM.PowerMgmt'] });
    expect(await errorOf(stopMachine(poor.api, { vmid: 421, node: 'pve' }))).toMatchObject({
      code: 'PHX-PROXMOX-FORBIDDEN',
      why: 'It answered 403: Permission check failed (/vms/421, VM.PowerMgmt).',
    });
  });

  test('that cannot be reached, is silent, or is no Proxmox says which, and shows nothing of a page', async () => {
    const silent = await serveLocally(() => {});
    const api = (endpoint: string) =>
      connectProxmox({ endpoint, tokenId }, secret, {
        ...{ env: {}, fetch: globalThis.fetch, signal: new AbortController().signal },
        ...{ attemptMs: 200, budgetMs: 0 },
      });
    expect(await errorOf(listNodes(api(silent.url)))).toMatchObject({
      ...{ code: 'PHX-PROXMOX-UNREACHABLE', why: expect.stringContaining('within 0.2 s') },
    });
    await silent[Symbol.asyncDispose]();
    expect((await errorOf(listNodes(api(silent.url)))).why).toContain('ECONNREFUSED');
    for (const [status, body] of [
      [200, '<html>Sign in, hunter2'],
      [200, '{"nodes": ["hunter2"]}'],
      [200, '{"data": [{"node": 7, "hunter2": 1}]}'],
      [302, 'hunter2'],
    ] as const) {
      await using page = await serveLocally((_request, response) => {
        response.writeHead(status, { location: 'http://127.0.0.1:1/' });
        response.end(body);
      });
      const error = await errorOf(listNodes(api(page.url)));
      expect(error.code).toBe('PHX-PROXMOX-ANSWER');
      expect(error.why).not.toContain('hunter2');
    }
  });

  test('is not waited for any longer once the run is over', async () => {
    await using proxmox = await startProxmox({ token: `${tokenId}=${secret}`, faults: ['595'] });
    const over = new AbortController();
    const api = connectProxmox({ endpoint: proxmox.url, tokenId }, secret, {
      ...{ env: {}, fetch: globalThis.fetch, signal: over.signal },
    });
    const asked = listNodes(api);
    setTimeout(() => over.abort(new Error('over')), 100);
    await expect(asked).rejects.toThrow();
  });
});

describe('a VM that is taken', () => {
  test('is stopped and deleted with its disk, each by its own task', async () => {
    await using node = await open({ taskMs: 1500 });
    expect(await take(node)).toEqual({
      ...{ vmid: 421, name: 'tazlab-cp-1', node: 'pve', verdict: 'deleted', why: '' },
    });
    expect(node.proxmox.tasks.map(({ type, exit }) => [type, exit])).toEqual([
      ['qmstop', 'OK'],
      ['qmdestroy', 'OK'],
    ]);
    expect([node.proxmox.machines, node.proxmox.volumes]).toEqual([[], []]);
    expect(
      await leftVolumes(node.api, [{ ...machine, name: '', node: 'pve', verdict: 'deleted', why: '' }]),
    ).toEqual([]);
  });

  test('is taken after a lock that another task had, and given up with its name where it stays', async () => {
    await using passing = await open({ faults: ['delete-lock*3'] });
    expect((await take(passing))?.verdict).toBe('deleted');
    await using staying = await open({ faults: ['delete-lock'] });
    const taken = await take(staying);
    expect(taken).toMatchObject({ verdict: 'failed', why: expect.stringContaining('PHX-PROXMOX-LOCK') });
    await using backup = await open({ machines: [{ ...machine, lock: 'backup' }] });
    expect(await take(backup)).toMatchObject({
      verdict: 'failed',
      why: expect.stringContaining('locked (backup)'),
    });
    expect(changed(backup.proxmox).every((each) => each === 'POST stop')).toBe(true);
  });

  test.each([
    ['deleted-stays', 'it is still there, though Proxmox says OK to its deletion', 3],
    ['stop-ignored', 'it still runs, though Proxmox says OK to its stop', 3],
    [
      'delete-fails',
      /The task delete of VM 421 failed\. It ended with: lvremove .* in use\. \(PHX-PROXMOX-TASK\)/,
      1,
    ],
  ] as const)('is not believed to be gone under the fault %s', async (fault, why, times) => {
    await using node = await open({ faults: [fault] });
    const taken = await take(node);
    expect(taken?.verdict).toBe('failed');
    expect(taken?.why).toMatch(why);
    const last = changed(node.proxmox).at(-1);
    expect(changed(node.proxmox).filter((each) => each === last)).toHaveLength(times);
    expect(node.proxmox.machines).toHaveLength(1);
  });

  test('is left where its task does not end in time', async () => {
    await using node = await open({ faults: ['slow'] });
    const machineNow = await first(node.api);
    const [taken] = await takeMachines(node.api, [machineNow], {
      ...{ log: silentLog, stop: node.stop.signal, taskMs: 10_000 },
    });
    expect(taken).toMatchObject({ verdict: 'failed', why: expect.stringMatching(/did not end.*after 10 s/) });
  });

  test('that somebody else has deleted is absent, and one whose id another node has now is left alone', async () => {
    await using node = await open({ machines: [] });
    const mine: Machine = {
      ...{ vmid: 421, node: 'pve', status: 'running', name: 'tazlab-cp-1', tags: ['phoenix'] },
      ...{ template: false, protection: false, lock: undefined, uuid: '', mark: '' },
    };
    expect(await take(node, mine)).toMatchObject({ verdict: 'absent' });
    await using moved = await open({ others: [{ name: 'pve2' }], machines: [{ ...machine, node: 'pve2' }] });
    expect(await take(moved, mine)).toMatchObject({
      verdict: 'failed',
      why: expect.stringContaining('still taken'),
    });
    expect(changed(moved.proxmox)).toEqual([]);
  });

  test('is not begun once the run is stopped, and of one whose power is cut the next step is not begun', async () => {
    await using node = await open();
    const mine = await first(node.api);
    node.stop.abort();
    expect(await take(node, mine)).toMatchObject({ verdict: 'kept', why: 'the run was stopped' });
    expect(changed(node.proxmox)).toEqual([]);

    await using half = await open({ taskMs: 3_000 });
    const other = await first(half.api);
    const taking = takeMachines(half.api, [other], { log: silentLog, stop: half.stop.signal });
    while (half.proxmox.tasks.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    half.stop.abort();
    expect(await taking).toMatchObject([{ verdict: 'kept', why: 'the run was stopped; its power was cut' }]);
    expect(changed(half.proxmox)).toEqual(['POST stop']);
  });
});
