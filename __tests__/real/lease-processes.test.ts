import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dirStore } from '../../src/lease/dir.ts';
import { acquireLease } from '../../src/lease/lease.ts';
import type { LeaseRecord } from '../../src/lease/record.ts';
import { thisProcess } from '../../src/lease/who.ts';
import { silentLog } from '../../src/log.ts';
import { temporaryFolder } from '../support/folder.ts';
import { contend, type Said } from '../support/lease-contenders.ts';
import { ownerOn } from '../support/lease-sim.ts';

describe('a lease in a folder, between real processes', () => {
  it('is won by exactly one of 20 that want it at once, and the others name the winner', async () => {
    await using folder = await temporaryFolder();
    await using contenders = new AsyncDisposableStack();
    const all = await Promise.all(
      Array.from({ length: 20 }, async (_, index) =>
        contenders.use(await contend(join(folder.dir, 'lease'), `run-${index}`)),
      ),
    );
    const said = await Promise.all(all.map((one) => one.go()));
    const winners = said.flatMap((word, index) => (word.fence === undefined ? [] : [all[index]]));
    expect(winners).toHaveLength(1);
    expect(said.filter(({ code }) => code === 'PHX-LEASE-HELD')).toHaveLength(19);
    const names = new Set(said.flatMap(({ what }) => (what === undefined ? [] : [what])));
    expect([...names].join()).toContain(`run ${winners[0]?.run} (process ${winners[0]?.pid} `);
    expect(names.size).toBe(1);
  });

  it('passes at once from a holder that was killed, with a higher fence, time after time', async () => {
    await using folder = await temporaryFolder();
    const place = join(folder.dir, 'lease');
    for (let round = 1; round <= 5; round += 1) {
      await using holder = await contend(place, `run-${round}`);
      const began = performance.now();
      const said = await holder.go();
      expect(said).toEqual({ fence: round, ...(round === 1 ? {} : { overtook: `run-${round - 1}` }) });
      expect(performance.now() - began).toBeLessThan(2000);
      await holder.kill();
    }
  });

  it('goes from hand to hand through all that wait for it, each ending in order or by a kill', async () => {
    await using folder = await temporaryFolder();
    await using contenders = new AsyncDisposableStack();
    const all = await Promise.all(
      Array.from({ length: 6 }, async (_, index) =>
        contenders.use(await contend(join(folder.dir, 'lease'), `run-${index}`, 50)),
      ),
    );
    const fences: number[] = [];
    const tries = all.map(async (one, index): Promise<Said> => {
      const said = await one.go();
      fences.push(said.fence ?? 0);
      await (index % 2 === 0 ? one.kill() : one.end());
      return said;
    });
    await Promise.all(tries);
    expect(fences).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('leaves a few records and nothing half-written in its folder', async () => {
    await using folder = await temporaryFolder();
    const place = join(folder.dir, 'lease');
    for (let round = 1; round <= 12; round += 1) {
      const store = dirStore(place);
      await using _lease = await acquireLease(
        store,
        { run: `run-${round}`, castle: 'small', owner: await thisProcess(), url: '' },
        options(),
      );
    }
    const names = await readdir(place);
    expect(names.filter((name) => !/^\d{8}\.json$/.test(name))).toEqual([]);
    expect(names.length).toBeLessThanOrEqual(16);
  });
});

const options = () => ({
  ttlSeconds: 1,
  waitSeconds: 0,
  signal: AbortSignal.timeout(20_000),
  log: silentLog,
});

const foreign: LeaseRecord = {
  format: 1,
  fence: 41,
  token: 'another',
  run: 'run-elsewhere',
  castle: 'small',
  owner: ownerOn(2, 1),
  url: '',
  acquired: 0,
  renewed: 0,
  ttlSeconds: 1,
  released: null,
};

describe('a lease in a folder that another machine left', () => {
  it('is taken over after its TTL, though the clocks of the two are decades apart', async () => {
    await using folder = await temporaryFolder();
    const store = dirStore(folder.dir);
    await store.write(foreign, undefined);
    const began = performance.now();
    const who = { run: 'mine', castle: 'small', owner: await thisProcess(), url: '' };
    await using lease = await acquireLease(store, who, options());
    expect(lease.fence).toBe(42);
    expect(performance.now() - began).toBeGreaterThan(1000);
  });

  it('is refused when the other machine renews it', async () => {
    await using folder = await temporaryFolder();
    const store = dirStore(folder.dir);
    let version = await store.write({ ...foreign, ttlSeconds: 3 }, undefined);
    const renewing = setInterval(async () => {
      version = await store.write({ ...foreign, ttlSeconds: 3, renewed: Date.now() }, version);
    }, 500);
    try {
      const who = { run: 'mine', castle: 'small', owner: await thisProcess(), url: '' };
      await expect(acquireLease(store, who, options())).rejects.toMatchObject({
        code: 'PHX-LEASE-HELD',
        what: 'The castle small is held by run run-elsewhere (process 1 of builder on host-2).',
      });
    } finally {
      clearInterval(renewing);
    }
  });
});

describe('a folder whose newest record is no lease of this version', () => {
  it.each([
    ['half a record', '{"format":1,"fence":'],
    ['an empty file', ''],
    ['a record of a later version', JSON.stringify({ ...foreign, format: 2 })],
  ])('stops the run and is left as it is: %s', async (_, text) => {
    await using folder = await temporaryFolder({ '00000007.json': text });
    const who = { run: 'mine', castle: 'small', owner: await thisProcess(), url: '' };
    const error = await acquireLease(dirStore(folder.dir), who, options()).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      code: 'PHX-LEASE-CORRUPT',
      what: `The lease in ${join(folder.dir, '00000007.json')} cannot be read.`,
    });
    expect(await readdir(folder.dir)).toEqual(['00000007.json']);
  });

  it('cannot be written where it is a file', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.dir, 'lease'), '');
    const who = { run: 'mine', castle: 'small', owner: await thisProcess(), url: '' };
    await expect(acquireLease(dirStore(join(folder.dir, 'lease')), who, options())).rejects.toMatchObject({
      code: 'PHX-LEASE-STORE',
    });
  });
});
