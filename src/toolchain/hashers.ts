import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** What a hasher runs: text and not a file, so that the bundle needs none beside it. */
const source = `
const { closeSync, openSync, readSync } = require('node:fs');
const { createHash } = require('node:crypto');
const { parentPort } = require('node:worker_threads');
const buffer = Buffer.allocUnsafe(1 << 20);
parentPort.on('message', (file) => {
  let handle;
  try {
    handle = openSync(file);
    const hash = createHash('sha256');
    for (let read; (read = readSync(handle, buffer)) > 0; ) hash.update(buffer.subarray(0, read));
    parentPort.postMessage({ digest: hash.digest('hex') });
  } catch (error) {
    parentPort.postMessage({ error });
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
});
`;

const most = Math.min(4, availableParallelism());
const idle: Worker[] = [];
const waiting: ((worker: Worker) => void)[] = [];
let started = 0;

/**
 * sha256 of a file as hex, by a thread of its own: a node's programs are a gigabyte, which one core hashes in a second.
 * As many at a time as there are cores, four at most. Idle threads keep no process alive. Throws what reading throws.
 */
export async function hashInThread(file: string): Promise<string> {
  const worker = await take();
  worker.ref();
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const answer = ({ digest, error }: { readonly digest?: string; readonly error?: unknown }) =>
    digest === undefined ? reject(error) : resolve(digest);
  worker.once('message', answer).once('error', reject);
  worker.postMessage(file);
  try {
    const digest = await promise;
    return digest;
  } finally {
    worker.off('message', answer).off('error', reject);
    give(worker);
  }
}

function take(): Promise<Worker> | Worker {
  const free = idle.pop();
  if (free !== undefined) return free;
  if (started === most) return new Promise((resolve) => waiting.push(resolve));
  started += 1;
  return new Worker(source, { eval: true });
}

function give(worker: Worker): void {
  const next = waiting.shift();
  if (next !== undefined) next(worker);
  else {
    worker.unref();
    idle.push(worker);
  }
}
