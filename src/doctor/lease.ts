import { join } from 'node:path';
import { dirStore } from '../lease/dir.ts';
import { holdersIn } from '../lease/watch.ts';
import { standingOf, thisProcess } from '../lease/who.ts';
import { holderOf } from '../lease/words.ts';
import { isAlive } from '../process-identity.ts';
import { type Check, ofCastle, ok, warning } from './check.ts';

export const lease: Check = {
  id: 'lease.machine',
  why: 'One rebirth of a castle at a time: another waits for the lease, or is refused.',
  look: ofCastle(async (_, home) => {
    const found = await dirStore(join(home, 'lease')).read();
    if (found === undefined || found.record.released !== null)
      return ok('nobody holds the castle on this machine');
    const { record } = found;
    const me = await thisProcess();
    const standings = await Promise.all(holdersIn(found).map((holder) => standingOf(holder, me, isAlive)));
    // One that lives keeps it for all; only when each is dead is it free.
    const standing = (['alive', 'unknown'] as const).find((is) => standings.includes(is)) ?? 'dead';
    if (standing === 'dead')
      return ok(`held by ${holderOf(record)}, which is dead: a rebirth takes it over at once`);
    const phase = record.phase === undefined ? '' : `, at ${record.phase}`;
    const where = record.url === '' ? `process ${record.owner.pid} on ${record.owner.host}` : record.url;
    if (standing === 'alive')
      return warning(`held by ${holderOf(record)}${phase}`, `Let it end, or cancel it (${where}).`);
    return warning(
      `held by ${holderOf(record)}, which cannot be seen from here`,
      `Let it end. If it is dead, a rebirth takes the castle over after ${record.ttlSeconds} s without a sign of life.`,
    );
  }),
};
