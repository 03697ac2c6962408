import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/box.ts';
import {
  clusterClientId,
  clusterId,
  firstSecret,
  nextSecret,
  openClaimWorld,
  openCluster,
} from '../support/claimed-cluster.ts';

const mint = `{ mint: { identity-id: ${clusterId}, ttl: 30d } }`;

/** One cluster for all, turned from one identity to the next: the tests stand in the order of its life. */
describe('the machine identity of a cluster that lives', () => {
  let castle: Awaited<ReturnType<typeof openClaimWorld>>;
  let cluster: Awaited<ReturnType<typeof openCluster>>;
  let probe: Awaited<ReturnType<typeof cluster.probe>>;

  beforeAll(async () => {
    castle = await openClaimWorld();
    cluster = await openCluster(castle.world);
    await castle.castle('{ pull: {} }', ['client-secret: FIRST']);
    const ended = await castle.run(['rebirth']);
    expect(ended.code, ended.output).toBe(0);
    probe = await cluster.probe();
  }, 600_000);
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await castle?.[Symbol.asyncDispose]();
  });

  const descriptions = async () => (await castle.secrets()).map(({ description }) => description);
  const unharmed = async () => {
    await probe.again();
    await probe.again();
    expect(await probe.failures()).toEqual([]);
  };

  test('is first what the source has', async () => {
    expect((await cluster.identity()).clientSecret).toBe(firstSecret);
  });

  test('is turned to what the source has by now, seen to be used, and no sync fails meanwhile', async () => {
    await castle.castle(`{ pull: { identity-id: ${clusterId} } }`, ['client-secret: NEXT']);
    const usesBefore = (await castle.secrets()).find(({ description }) => description === 'made by hand');
    const ended = await castle.run(['claim']);
    expect(ended.code, ended.output).toBe(0);
    expect(ended.report).toMatchObject({
      ...{ verdict: 'claimed', command: 'claim', layers: [], error: null },
      identity: { way: 'pull', proved: true },
      gates: [{ name: 'claim', verdict: 'passed' }],
    });
    expect((await cluster.identity()).clientSecret).toBe(nextSecret);
    const used = (await castle.secrets()).find(({ description }) => description === 'made by hand');
    // The login that tries it is one; the cluster's own are the rest.
    expect(used?.clientSecretNumUses).toBeGreaterThan((usesBefore?.clientSecretNumUses ?? 0) + 1);
    await unharmed();
    expect(ended.output).not.toContain(nextSecret);
    expect(await castle.world.leftovers()).toEqual([]);
  });

  test('is not touched by a secret that Infisical does not take', async () => {
    const before = await cluster.identity();
    await castle.castle('{ pull: {} }', ['client-secret: WRONG']);
    const ended = await castle.run(['claim']);
    expect(ended.code, ended.output).toBe(8);
    expect(ended.report).toMatchObject({
      verdict: 'failed',
      error: { code: 'PHX-CLAIM-CREDENTIALS' },
      identity: { proved: false },
    });
    expect(await cluster.identity()).toEqual(before);
    await unharmed();
  });

  test('is put back, and the fresh secret revoked, where the new one is not proved', async () => {
    const before = await cluster.identity();
    await castle.castle(mint, [], 'http://127.0.0.1:9/castle.git');
    const ended = await castle.run(['claim']);
    expect(ended.code, ended.output).toBe(8);
    expect(ended.report?.error?.code).toBe('PHX-CLAIM-REPOSITORY');
    expect(ended.output).toContain('The former machine identity is back');
    const now = await cluster.identity();
    expect(now.clientSecret).toBe(before.clientSecret);
    expect(now.version).not.toBe(before.version);
    expect(await descriptions()).toEqual(['', 'made by hand']);
    await unharmed();
  });

  test('is minted, and one that is minted is rotated: the older one is revoked, and no sync fails', async () => {
    await castle.castle(mint);
    const first = await castle.run(['claim']);
    expect(first.code, first.output).toBe(0);
    expect(first.report?.identity).toMatchObject({ way: 'mint', proved: true, revoked: 0 });
    const minted = await cluster.identity();
    expect(minted.clientSecret).toMatch(/^[0-9a-f]{64}$/);
    const second = await castle.run(['claim']);
    expect(second.code, second.output).toBe(0);
    expect(second.report?.identity).toMatchObject({ proved: true, revoked: 1, kept: 0 });
    const rotated = await cluster.identity();
    expect(rotated.clientSecret).not.toBe(minted.clientSecret);
    // What somebody made by hand is nobody's business.
    expect(await descriptions()).toEqual(['', 'made by hand', `phoenix turned run ${second.report?.run}`]);
    await unharmed();
    // After that: a bad login counts towards the lockout.
    expect(await castle.logIn(clusterClientId, minted.clientSecret)).toMatchObject({
      message: 'Invalid credentials',
    });
    for (const { clientSecret } of [minted, rotated]) {
      expect(first.output + second.output).not.toContain(clientSecret);
      expect(JSON.stringify([first.report, second.report])).not.toContain(clientSecret);
    }
  });

  test('of an older cluster is left as long as that still logs in', async () => {
    const older = await castle.make('phoenix turned run of-an-older-cluster');
    const stop = new AbortController();
    const using = (async () => {
      while (!stop.signal.aborted) {
        await castle.logIn(clusterClientId, older);
        await sleep(500);
      }
    })();
    const ended = await castle.run(['claim']);
    stop.abort();
    await using;
    expect(ended.code, ended.output).toBe(0);
    expect(ended.report?.identity).toMatchObject({ revoked: 1, kept: 1 });
    expect(ended.output).toContain('an older cluster lives');
    expect(await descriptions()).toContain('phoenix turned run of-an-older-cluster');
    const quiet = await castle.run(['claim']);
    expect(quiet.report?.identity).toMatchObject({ revoked: 2, kept: 0 });
    expect(await descriptions()).toEqual(['', 'made by hand', `phoenix turned run ${quiet.report?.run}`]);
    await unharmed();
  });

  test('that is locked out is freed once, and told', async () => {
    for (const _ of [1, 2, 3]) await castle.logIn(clusterClientId, 'no such secret');
    // The probe is one that can fail.
    await eventually('a sync fails', 30, async () => (await probe.failures()).length > 0);
    const ended = await castle.run(['claim']);
    expect(ended.code, ended.output).toBe(0);
    expect(ended.output).toContain('the lockout is cleared');
    expect(ended.report?.identity).toMatchObject({ proved: true, revoked: 1 });
    await probe.again();
  });
});
