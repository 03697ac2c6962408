/**
 * Many rebirths in one process, as the CLI makes them. `node --expose-gc soak-inside.ts CASTLE-FILE`, with a channel to
 * the soak: each message is answered by a rebirth and its exit code. Who looks is outside, so that looking costs this
 * process nothing.
 */
import { dirname, join } from 'node:path';
import { cli } from '../src/cli.ts';

const [castle = ''] = process.argv.slice(2);
const home = join(import.meta.dirname, '..');
const world = {
  env: process.env,
  cwd: dirname(castle),
  home,
  self: [process.execPath, join(home, 'src', 'index.ts')],
};
process.on('message', async () => {
  const code = await cli(['rebirth', '--castle', castle, '--quiet'], world);
  globalThis.gc?.();
  process.send?.(code);
});
