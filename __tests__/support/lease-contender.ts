import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { toPhoenixError } from '../../src/errors.ts';
import { dirStore } from '../../src/lease/dir.ts';
import { acquireLease } from '../../src/lease/lease.ts';
import { thisProcess } from '../../src/lease/who.ts';
import { silentLog } from '../../src/log.ts';

/**
 * One run of a castle as a process of its own: `FOLDER RUN WAIT [GROUP]`. Says `ready`, waits for a line, then tries to take the
 * lease in FOLDER, and prints what came of it as JSON. A winner holds it until it reads another line, or is killed.
 */
const [, , folder = '', run = '', wait = '0', group = ''] = process.argv;
const lines = createInterface({ input: process.stdin });
const owner = await thisProcess();
process.stdout.write('ready\n');
await once(lines, 'line');
try {
  await using lease = await acquireLease(
    dirStore(folder),
    { run, castle: 'small', owner, url: '', ...(group === '' ? {} : { group }) },
    {
      ttlSeconds: 30,
      waitSeconds: Number(wait),
      signal: AbortSignal.timeout(60_000),
      log: silentLog,
    },
  );
  process.stdout.write(`${JSON.stringify({ fence: lease.fence, overtook: lease.overtaken?.run })}\n`);
  await once(lines, 'line');
  lease.ended([{ layer: run, from: 1, to: 2 }]);
} catch (thrown) {
  const { code, what } = toPhoenixError(thrown);
  process.stdout.write(`${JSON.stringify({ code, what })}\n`);
}
lines.close();
