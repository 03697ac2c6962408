import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dirStore } from '../../src/lease/dir.ts';
import { adoptLease } from '../../src/lease/lease.ts';
import { thisProcess } from '../../src/lease/who.ts';
import { silentLog } from '../../src/log.ts';
import { temporaryFolder } from '../support/folder.ts';
import { type Contender, contend } from '../support/lease-contenders.ts';

const group = 'OWNER/castle/7.1';

const legsIn = (place: string, count: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => contend(place, `leg-${index}`, 50, group)));

describe('a lease in a folder, between the legs of one workflow run and strangers, as real processes', () => {
  it('is held by ten legs together and by none of ten strangers that want it in the same moment, or by one of those alone', async () => {
    await using folder = await temporaryFolder();
    await using all = new AsyncDisposableStack();
    const place = join(folder.dir, 'lease');
    const legs = (await legsIn(place, 10)).map((leg) => all.use(leg));
    const strangers = await Promise.all(
      Array.from({ length: 10 }, async (_, index) => all.use(await contend(place, `stranger-${index}`))),
    );
    let inside = 0;
    const enter = async (leg: Contender) => {
      const { fence } = await leg.go();
      inside += 1;
      return fence ?? 0;
    };
    // In turn, so that either side may be the first.
    const tries = legs.map((leg, index) => ({
      leg: enter(leg),
      stranger: strangers[index]?.go(),
    }));
    const said = await Promise.all(tries.map(({ stranger }) => stranger));
    const won = strangers.filter((_, index) => said[index]?.fence !== undefined);
    expect(said.filter((word) => word?.code === 'PHX-LEASE-HELD')).toHaveLength(10 - won.length);
    expect(won.length).toBeLessThan(2);
    if (won.length > 0) expect(inside).toBe(0);
    await won[0]?.end();
    const fences = await Promise.all(tries.map(({ leg }) => leg));
    const from = won.length + 1;
    expect(fences.toSorted((a, b) => a - b)).toEqual(legs.map((_, index) => from + index));

    // The first leaves in order, the second is killed: the castle stays with the others.
    await legs[0]?.end();
    await legs[1]?.kill();
    await using late = await contend(place, 'late');
    expect(await late.go()).toMatchObject({
      code: 'PHX-LEASE-HELD',
      what: expect.stringMatching(/ and 8 more legs of its workflow run\.$/),
    });

    // The dead one's part goes to whoever goes on with its work, and only that.
    const adopted = await adoptLease(dirStore(place), 'leg-1', await thisProcess(), { log: silentLog });
    expect(adopted?.fence).toBe(from + 10);
    for (const leg of legs.slice(2)) await leg.end();
    await using later = await contend(place, 'later');
    expect(await later.go()).toMatchObject({ code: 'PHX-LEASE-HELD' });
    adopted?.ended([{ layer: 'leg-1', from: 1, to: 2 }]);
    await adopted?.release();

    const record = (await dirStore(place).read())?.record;
    expect(record).toMatchObject({ group, fence: from + 10 });
    expect(record?.released).toBeGreaterThan(0);
    expect(record?.left?.map(({ run }) => run).toSorted()).toEqual(legs.map(({ run }) => run));
    await using next = await contend(place, 'next');
    expect(await next.go()).toEqual({ fence: from + 11 });
  });

  it('passes to a stranger at once when the last leg was killed', async () => {
    await using folder = await temporaryFolder();
    await using all = new AsyncDisposableStack();
    const place = join(folder.dir, 'lease');
    const legs = (await legsIn(place, 3)).map((leg) => all.use(leg));
    await Promise.all(legs.map((leg) => leg.go()));
    await using stranger = await contend(place, 'stranger', 30);
    const waiting = stranger.go();
    for (const leg of legs) await leg.kill();
    const began = performance.now();
    expect((await waiting).fence).toBe(4);
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
