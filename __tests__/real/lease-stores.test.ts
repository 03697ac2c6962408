import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clearPassage, markPassage } from '../../src/keepsake/passage.ts';
import { openKeepsake } from '../../src/keepsake/store.ts';
import { leaseStoreFor } from '../../src/lease/beside.ts';
import { httpStore } from '../../src/lease/http.ts';
import { acquireLease } from '../../src/lease/lease.ts';
import type { StatePlace } from '../../src/lease/place.ts';
import { type LeaseRecord, leaseForm } from '../../src/lease/record.ts';
import type { LeaseStore } from '../../src/lease/store.ts';
import { silentLog } from '../../src/log.ts';
import { type HttpBackend, startHttpBackend } from '../support/backends/http.ts';
import { type S3, startS3 } from '../support/backends/s3.ts';
import { rejection, temporaryFolder } from '../support/folder.ts';
import { ownerOn } from '../support/lease-sim.ts';

let s3: S3;
let http: HttpBackend;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  [s3, http, folder] = await Promise.all([startS3(), startHttpBackend(), temporaryFolder()]);
}, 900_000);

afterAll(async () => {
  await s3[Symbol.asyncDispose]();
  await http[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const s3Place = (layer = 'platform'): StatePlace => ({
  backend: 's3',
  layer,
  config: {
    bucket: s3.bucket,
    key: `tazlab/${layer}/terraform.tfstate`,
    region: 'us-east-1',
    endpoints: { s3: s3.endpoint },
    use_path_style: true,
    use_lockfile: true,
  },
});

/** The address that the backend's own block names, of the state `name`. */
function addressOf(name: string): string {
  const address = /address = "([^"]+)"/.exec(http.block(name))?.[1];
  if (address === undefined) throw new Error('the backend has no address');
  return address;
}

const httpPlace = (): StatePlace => ({
  backend: 'http',
  layer: 'platform',
  config: {
    address: addressOf('tazlab/platform'),
    lock_address: addressOf('tazlab/platform'),
    unlock_address: addressOf('tazlab/platform'),
  },
});

const localPlace = (): StatePlace => ({
  backend: 'local',
  layer: 'platform',
  config: { path: join(folder.dir, 'tazlab/platform/terraform.tfstate') },
});

const keys = () => ({ AWS_ACCESS_KEY_ID: s3.accessKey, AWS_SECRET_ACCESS_KEY: s3.secretKey });

function storeAt(place: StatePlace, castle: string, env: Record<string, string> = keys()): LeaseStore {
  const store = leaseStoreFor(place, { castle, env, fetch });
  if (typeof store === 'string') throw new Error(store);
  return store;
}

const record = (fence: number): LeaseRecord => ({
  format: 1,
  fence,
  token: `token-${fence}`,
  run: `run-${fence}`,
  castle: 'tazlab',
  owner: ownerOn(2, fence),
  url: 'https://github.com/OWNER/castle/actions/runs/7',
  acquired: 1,
  renewed: 2,
  ttlSeconds: 3,
  released: null,
});

const kinds = [
  ['a folder beside local states', localPlace],
  ['an object beside states in S3 (versitygw)', s3Place],
  ['a document beside states behind HTTP', httpPlace],
] as const;

describe.each(kinds)('a lease as %s', (_, place) => {
  it('is nothing at first, then exactly what was written last', async () => {
    const store = storeAt(place(), 'read-back');
    expect(await store.read()).toBeUndefined();
    let version = await store.write(record(1), undefined);
    expect(await store.read()).toEqual({ record: record(1), version });
    for (let fence = 2; fence <= 25; fence += 1) version = await store.write(record(fence), version);
    expect(await store.read()).toEqual({ record: record(25), version });
  });

  it('has beside it what is kept of the castle, whose mark comes and goes and whose witness stays, spent', async () => {
    const keepsake = openKeepsake({
      run: {
        castle: { name: 'kept', box: false },
        home: join(folder.dir, 'home'),
        journal: { dir: join(folder.dir, 'run') },
      },
      states: { state: place(), env: keys() },
      edge: { fetch, env: {} },
    });
    expect(keepsake.shared).toBe(true);
    expect(await keepsake.read()).toEqual({ format: 1, castle: 'kept' });
    const witness = {
      ...{ castle: 'kept', run: 'run-1', nonce: 'n', at: '2026-01-02T03:04:05.000Z', lsn: '0/1', wal: 'w' },
      ...{ timeline: 1, archived: true as const, system: '1', database: 'd', table: 't', failures: 0 },
      signature: null,
    };
    await keepsake.write((kept) => ({ ...kept, witness }));
    await markPassage(keepsake, { phase: 'destroying', run: 'run-1', witness: 'n' });
    await markPassage(keepsake, { phase: 'raising', run: 'run-2', witness: 'n' });
    expect(await keepsake.read()).toMatchObject({ witness, passage: { phase: 'raising', run: 'run-2' } });
    await clearPassage(keepsake, silentLog);
    expect(await keepsake.read()).toEqual({ format: 1, castle: 'kept', witness, spent: 'n' });
  });

  it('takes a write only over the version that the writer has seen', async () => {
    const store = storeAt(place(), 'swap');
    const first = await store.write(record(1), undefined);
    expect(await store.write(record(2), undefined)).toBeUndefined();
    const second = await store.write(record(3), first);
    expect(second).toBeDefined();
    expect(await store.write(record(4), first)).toBeUndefined();
    expect(await store.read()).toEqual({ record: record(3), version: second });
  });

  it('lets exactly one of many writers through, round after round', async () => {
    let version: string | undefined;
    for (let round = 0; round < 5; round += 1) {
      const writers = Array.from({ length: 8 }, (_, index) =>
        storeAt(place(), 'race').write(record(round * 8 + index + 1), version),
      );
      const written = (await Promise.all(writers)).filter((result) => result !== undefined);
      expect(written).toHaveLength(1);
      [version] = written;
      expect((await storeAt(place(), 'race').read())?.version).toBe(version);
    }
  });

  it('passes from a silent holder on another machine to one that watched it for the TTL', async () => {
    const store = storeAt(place(), 'handover');
    await store.write({ ...record(7), ttlSeconds: 1 }, undefined);
    const who = { run: 'mine', castle: 'tazlab', owner: ownerOn(1, 1), url: '' };
    const options = { ttlSeconds: 30, waitSeconds: 0, signal: AbortSignal.timeout(30_000), log: silentLog };
    const lease = await acquireLease(store, who, options);
    expect(lease.fence).toBe(8);
    expect(lease.overtaken).toEqual({ ...record(7), ttlSeconds: 1 });
    await lease.release();
    expect((await store.read())?.record).toMatchObject({ run: 'mine', fence: 8 });
    expect((await store.read())?.record.released).toBeGreaterThan(0);
  });

  it('names its place without a secret', () => {
    expect(storeAt(place(), 'named').place).toContain('phoenix-lease-named');
    expect(storeAt(place(), 'named').place).not.toContain(s3.secretKey);
  });
});

describe('legs of one workflow run, each on a machine of its own', () => {
  const take = (place: StatePlace, number: number, group?: string) =>
    acquireLease(
      storeAt(place, 'shared'),
      {
        ...{ run: `run-${number}`, castle: 'tazlab', owner: ownerOn(number, 1), url: '' },
        ...(group === undefined ? {} : { group }),
      },
      { ttlSeconds: 6, waitSeconds: 0, signal: AbortSignal.timeout(50_000), log: silentLog },
    );

  it('come together at once, all keep the lease beyond its TTL, and leave it to nobody else before the last, in a folder, in S3 and behind HTTP', async () => {
    const numbers = [1, 2, 3, 4, 5, 6, 7, 8];
    await Promise.all(
      kinds.map(async ([, place]) => {
        const legs = await Promise.all(numbers.map((number) => take(place(), number, 'seven.1')));
        await sleep(9000);
        expect(legs.filter(({ lost }) => lost.aborted)).toEqual([]);
        const members = async () => (await storeAt(place(), 'shared').read())?.record.members?.length;
        await expect.poll(members, { timeout: 8000 }).toBe(legs.length);
        expect(await rejection(take(place(), 99))).toMatchObject({ code: 'PHX-LEASE-HELD' });
        for (const [index, leg] of legs.entries())
          leg.ended([{ layer: `layer-${index + 1}`, from: 1, to: 2 }]);
        // What versitygw overwrites as it takes two writes at once is gone with the legs that have ended.
        if (place === s3Place) for (const leg of legs) await leg.release();
        else await Promise.all(legs.map((leg) => leg.release()));
        const found = (await storeAt(place(), 'shared').read())?.record;
        expect(found?.released).toBeGreaterThan(0);
        expect(found?.left?.map(({ run }) => run).toSorted()).toEqual(numbers.map((each) => `run-${each}`));
      }),
    );
  }, 60_000);
});

describe('the folder', () => {
  it('does not let a writer in that is so late that the name of its record is free again', async () => {
    const store = storeAt(localPlace(), 'late');
    const old = await store.write(record(1), undefined);
    let version = old;
    for (let fence = 2; fence <= 40; fence += 1) version = await store.write(record(fence), version);
    expect(await store.write(record(99), old)).toBeUndefined();
    expect(await store.read()).toEqual({ record: record(40), version });
  });
});

describe('the object in S3', () => {
  it('lies beside the states of the layers, the same for each of them', async () => {
    await storeAt(s3Place('platform'), 'beside').write(record(1), undefined);
    expect(await s3.object('tazlab/phoenix-lease-beside.json')).toContain('"run":"run-1"');
    expect((await storeAt(s3Place('eu/engine'), 'beside').read())?.record.run).toBe('run-1');
  });

  it('is left alone when it is no lease', async () => {
    await s3.plant('tazlab/phoenix-lease-foreign.json', 'whatever');
    const error = await rejection(storeAt(s3Place(), 'foreign').read());
    expect(error).toMatchObject({
      code: 'PHX-LEASE-CORRUPT',
      why: expect.stringContaining('It is not JSON.'),
    });
  });

  it('says what the server answered to a wrong key', async () => {
    const store = storeAt(s3Place(), 'refused', { ...keys(), AWS_SECRET_ACCESS_KEY: 'wrong' });
    expect(await rejection(store.read())).toMatchObject({
      code: 'PHX-LEASE-STORE',
      why: 'The server answered 403 SignatureDoesNotMatch.',
    });
  });

  it('is refused where the server overlooks conditions, since two could both believe in it', async () => {
    const objects = new Map<string, string>();
    const server = createServer(async (request, response) => {
      const name = request.url ?? '';
      if (request.method === 'PUT') objects.set(name, await text(request));
      const found = objects.get(name);
      response.writeHead(found === undefined ? 404 : 200, { etag: '"1"' }).end(found);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const place = s3Place();
    const store = storeAt({ ...place, config: { ...place.config, endpoints: { s3: endpoint } } }, 'old');
    const error = await rejection(store.write(record(1), undefined));
    server.close();
    expect(error).toMatchObject({
      code: 'PHX-LEASE-STORE',
      why: expect.stringContaining('overlooks if-none-match'),
      next: expect.stringContaining('place: machine'),
    });
  });
});

describe('the document behind HTTP', () => {
  it('is a state of its own, written under its lock, which is given back', async () => {
    const name = 'tazlab/phoenix-lease-document';
    await storeAt(httpPlace(), 'document').write(record(1), undefined);
    const methods = http.seen.filter((seen) => seen.name === name).map(({ method }) => method);
    expect(methods).toEqual(['LOCK', 'GET', 'POST', 'UNLOCK']);
    expect(http.lock(name)).toBeUndefined();
    expect(JSON.parse(http.versions(name)[0] ?? '')).toMatchObject({ version: 4, serial: 1, resources: [] });
  });

  it('is freed of a lock that a run left which was killed in the middle of a write', async () => {
    const name = 'tazlab/phoenix-lease-stale';
    http.plant(name, { ID: 'left', Operation: 'phoenix lease', Who: 'phoenix@elsewhere' });
    const address = addressOf(name);
    const options = {
      address,
      updateMethod: 'POST',
      lockAddress: address,
      lockMethod: 'LOCK',
      unlockAddress: address,
      unlockMethod: 'UNLOCK',
      headers: {},
      fetch,
      staleMs: 500,
    };
    const store = httpStore(options, leaseForm);
    const began = performance.now();
    expect(await store.write(record(1), undefined)).toBe('1');
    expect(performance.now() - began).toBeGreaterThan(500);
    expect(http.lock(name)).toBeUndefined();
  });

  it('is left alone when it is a state of something else', async () => {
    const address = addressOf('tazlab/phoenix-lease-state');
    const state = JSON.stringify({ version: 4, serial: 3, lineage: 'x', outputs: {}, resources: [] });
    const sum = createHash('md5').update(state).digest('base64');
    await fetch(address, { method: 'POST', body: state, headers: { 'content-md5': sum } });
    expect(await rejection(storeAt(httpPlace(), 'state').read())).toMatchObject({
      code: 'PHX-LEASE-CORRUPT',
    });
  });

  it('says what the server answered', async () => {
    http.answer(['LOCK'], 500);
    const error = await rejection(storeAt(httpPlace(), 'broken').write(record(1), undefined));
    http.answer(['LOCK'], 200);
    expect(error).toMatchObject({ code: 'PHX-LEASE-STORE', why: 'The server answered 500 to LOCK.' });
  });
});
