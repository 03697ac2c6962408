/** Installs etcd into the folder given, in a process of its own, and prints what became of it. */
import { join } from 'node:path';
import { silentLog } from '../../src/log.ts';
import { installToolchain, pins } from '../../src/toolchain/install.ts';
import { noNetwork } from './publishers.ts';

const [dir = ''] = process.argv.slice(2);
const tools = await installToolchain([{ name: 'etcd', version: pins.etcd }], {
  lockFile: join(dir, 'phoenix.lock'),
  cacheDir: join(dir, 'cache'),
  env: process.env,
  log: silentLog,
  signal: new AbortController().signal,
  fetch: noNetwork(),
});
const etcd = tools.get('etcd');
process.stdout.write(JSON.stringify({ source: etcd?.source, sha256: etcd?.sha256 }));
