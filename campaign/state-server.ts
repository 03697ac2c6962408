/**
 * An HTTP state backend with locks, in a process of its own since the campaign kills it. What it has answered is on disk
 * before it answers. A write is slow the way a thin line is: a client that goes away before it is through has written
 * nothing.
 *
 * `node state-server.ts FOLDER PORT SEED SLOWEST-WRITE-MS`; prints its port; ends with its stdin.
 */
import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomOf } from './random.ts';
import { holdFile, lockFile, stateFile, type Trace, traceFile } from './state-files.ts';

const [folder = '.', port = '0', seed = '0', slowestWrite = '0'] = process.argv.slice(2);
const chance = randomOf('server', seed, existsSync(traceFile(folder)) ? 'again' : 'first');

function trace(entry: Omit<Trace, 'at'>): void {
  appendFileSync(traceFile(folder), `${JSON.stringify({ at: Date.now(), ...entry })}\n`);
}

function put(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

function held(name: string): string | undefined {
  const file = lockFile(folder, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function heldUntil(what: 'reads' | 'writes'): number {
  const file = holdFile(folder, what);
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
}

/** The id in a lock's text; undefined where there is none, as in the empty body of a forced unlock. */
function idIn(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  return (JSON.parse(text) as { ID?: string }).ID;
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const name = decodeURIComponent(url.pathname.slice(1)).replaceAll('/', '__');
  const end = (status: number, text = '') => response.writeHead(status).end(text);
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  const lock = held(name);
  switch (request.method) {
    case 'LOCK':
      if (lock !== undefined) return void end(423, lock);
      put(lockFile(folder, name), body);
      trace({ what: 'locked', name, id: idIn(body) ?? '' });
      return void end(200);
    case 'UNLOCK':
      // Without a body it is forced: OpenTofu's force-unlock sends none over HTTP.
      if (lock !== undefined && body !== '' && idIn(lock) !== idIn(body)) return void end(409, lock);
      rmSync(lockFile(folder, name), { force: true });
      trace({ what: 'unlocked', name, id: idIn(lock) ?? '' });
      return void end(200);
    case 'POST':
      return write(name, body, url.searchParams.get('ID') ?? undefined, response);
    case 'GET':
      return read(name, response);
    default:
      return void end(405);
  }
}

async function write(
  name: string,
  body: string,
  id: string | undefined,
  response: ServerResponse,
): Promise<void> {
  const lock = held(name);
  if (lock !== undefined && idIn(lock) !== id) return void response.writeHead(409).end(lock);
  const { serial, lineage } = JSON.parse(body) as { serial: number; lineage: string };
  trace({ what: 'writing', name, serial, lineage });
  const end = Date.now() + chance.between(0, Number(slowestWrite));
  while (Date.now() < Math.max(end, heldUntil('writes'))) await sleep(20);
  if (response.destroyed) return trace({ what: 'write lost', name, serial, lineage });
  put(stateFile(folder, name), body);
  trace({ what: 'written', name, serial, lineage });
  response.writeHead(200).end();
}

async function read(name: string, response: ServerResponse): Promise<void> {
  const file = stateFile(folder, name);
  if (!existsSync(file)) return void response.writeHead(404).end();
  const text = readFileSync(file, 'utf8');
  const { serial, lineage } = JSON.parse(text) as { serial: number; lineage: string };
  trace({ what: 'reading', name, serial, lineage });
  while (Date.now() < heldUntil('reads')) await sleep(20);
  response.writeHead(200, { 'content-type': 'application/json' }).end(text);
  trace({ what: 'read', name, serial, lineage });
}

const server = createServer((request, response) => {
  answer(request, response).catch((thrown: unknown) => response.destroy(thrown as Error));
});
server.listen(Number(port), '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
});
process.stdin.resume().on('end', () => process.exit(0));
