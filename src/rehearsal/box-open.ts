import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { whenAborted } from '../cancellation.ts';
import { loadCastle } from '../castle/load.ts';
import { createLog } from '../log.ts';
import { lockFileOf, toolRequests } from '../rebirth/toolchain.ts';
import type { Request } from '../request.ts';
import { installToolchain } from '../toolchain/install.ts';
import { openRunVault } from '../vault/open.ts';
import { makeBoxSecrets } from './box-secrets.ts';
import { storedNames } from './inside.ts';
import { announceLastingBox } from './lasting.ts';
import { startBox } from './rehearsal.ts';

/**
 * Opens a box that outlives the runs inside it: `box-open CASTLE STATE FILE`. Prints the path of FILE as one JSON line
 * once runs can join by it, and stays until its standard input ends.
 */
export async function runBoxOpen([
  castleFile = '',
  stateDir = '',
  file = '',
]: readonly string[]): Promise<void> {
  const ended = new AbortController();
  process.stdin.resume().once('end', () => ended.abort(new Error('its standard input ended')));
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => ended.abort(new Error(`it was sent ${name}`)));
  const bundle = process.argv[1] ?? '';
  const castle = await loadCastle(resolve(castleFile));
  const log = createLog({
    out: process.stderr,
    quiet: false,
    color: false,
    debug: false,
    redact: (text) => text,
  });
  const { signal } = ended;
  const tools = await installToolchain(toolRequests(castle), {
    lockFile: lockFileOf(castle, dirname(dirname(bundle))),
    env: process.env,
    log,
    signal,
  });
  const seed = randomInt(2 ** 31);
  const secrets = makeBoxSecrets(storedNames(castle), seed);
  await using vault = await openRunVault({
    id: `box-${seed}`,
    env: process.env,
    settings: castle.vault,
    box: true,
    announce: () => {},
    warn: (text) => log.warn(text),
  });
  const at = { dir: join(vault.dir, 'box'), stateDir: resolve(stateDir), log, signal };
  const plain: Pick<Request, 'fault' | 'node' | 'from-nothing'> = {
    fault: [],
    node: 'none',
    'from-nothing': false,
  };
  const { box, place } = await startBox(castle, at, secrets, tools, plain, {
    self: [process.execPath, bundle],
    home: dirname(dirname(bundle)),
    env: process.env,
  });
  await using _ = box;
  await using ends = new AsyncDisposableStack();
  ends.defer(() => rm(file, { force: true }));
  await announceLastingBox(file, castle.name, place, seed);
  process.stdout.write(`${JSON.stringify({ file })}\n`);
  await new Promise<void>((done) => whenAborted(signal, done));
}
