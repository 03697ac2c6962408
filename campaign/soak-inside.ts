/**
 * Many rebirths in one process, as the CLI makes them, and a sample after each. `node --expose-gc soak-inside.ts RUNS
 * FILE PLACE`: PLACE is a SoakPlace as JSON; samples go to FILE, a line each. Stops at the first rebirth that fails.
 */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cli } from '../src/cli.ts';
import { ownOf, type SoakPlace, sampleOf } from './soak-sample.ts';

const [runs = '1', file = '', json = '{}'] = process.argv.slice(2);
const place = JSON.parse(json) as SoakPlace;
const home = join(import.meta.dirname, '..');
const world = {
  env: process.env,
  cwd: place.repository,
  home,
  self: [process.execPath, join(home, 'src', 'index.ts')],
};
for (let run = 0; run < Number(runs); run += 1) {
  const code = await cli(['rebirth', '--castle', join(place.repository, 'phoenix.yaml'), '--quiet'], world);
  if (code !== 0) {
    process.exitCode = code;
    break;
  }
  globalThis.gc?.();
  const sample = await sampleOf(place, await ownOf('self'), process.pid);
  await appendFile(file, `${JSON.stringify(sample)}\n`);
}
