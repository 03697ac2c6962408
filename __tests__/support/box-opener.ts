/**
 * A rehearsal to be killed: opens a box in RAM folder argv[2] with state folder argv[3], asks for a machine, prints what
 * it has as one JSON line, and stays.
 */
import { randomUUID } from 'node:crypto';
import { silentLog } from '../../src/log.ts';
import { openBox } from '../../src/rehearsal/box.ts';
import { askHost, boxTools, self } from './box.ts';

const [dir = '', stateDir = ''] = process.argv.slice(2);
const box = await openBox({
  dir,
  stateDir,
  tools: await boxTools(),
  standIns: [],
  self,
  log: silentLog,
  signal: new AbortController().signal,
});
await askHost(box.socket, 'POST', { id: randomUUID(), port: 0 });
process.stdout.write(`${JSON.stringify(await box.processes())}\n`);
setInterval(() => {}, 60_000);
