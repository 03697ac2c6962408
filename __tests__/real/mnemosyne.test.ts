import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/backends/port.ts';
import { hasPostgres, type Postgres, startPostgres } from '../support/backends/postgres.ts';
import { untilReady } from '../support/backends/until-ready.ts';

const main = new URL('../../castle/apps/mnemosyne/main.ts', import.meta.url).pathname;
const secret = 'a-password-of-nobody';

interface App extends AsyncDisposable {
  readonly url: string;
  /** Everything it has said on stdout and stderr. */
  said(): string;
  /** Asks it to end as Kubernetes does, and gives its exit code. */
  stopped(): Promise<number | null>;
}

async function startApp(mode: 'serve' | 'console', databaseUrl: string): Promise<App> {
  const child = spawn(process.execPath, [main, mode], {
    env: { PATH: process.env['PATH'], DATABASE_URL: databaseUrl, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const stopped = async () => {
    child.kill('SIGTERM');
    const [code] = await exited;
    return code as number | null;
  };
  return {
    url: `http://127.0.0.1:${/\d+$/.exec(line)?.[0]}`,
    said: () => text,
    stopped,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) await stopped();
    },
  };
}

async function connected(url: string) {
  const client = new Client({ name: 'test', version: '1' });
  const transport = new StreamableHTTPClientTransport(new URL('/mcp', url));
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  return client;
}

async function called(client: Client, name: string, args: Record<string, unknown> = {}) {
  const { content, isError } = await client.callTool({ name, arguments: args });
  const [first] = content as { text: string }[];
  return { text: first?.text ?? '', failed: isError === true };
}

async function answered<T>(client: Client, name: string, args: Record<string, unknown> = {}): Promise<T> {
  const { text, failed } = await called(client, name, args);
  expect(failed, text).toBe(false);
  return JSON.parse(text) as T;
}

describe.skipIf(!hasPostgres())('Mnemosyne over a real PostgreSQL', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres?.[Symbol.asyncDispose]());

  it('remembers, recalls, counts and forgets for a client of the protocol', async () => {
    await using app = await startApp('serve', postgres.url);
    const client = await connected(app.url);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).toSorted()).toEqual(['forget', 'recall', 'remember', 'stats']);

    const kept = await answered<{ id: string; hash: string }>(client, 'remember', {
      text: "the castle's gate; drop table memories",
      tags: ['gate'],
    });
    await answered(client, 'remember', { text: 'a moat, 100% wet' });
    expect(
      postgres.query(`select encode(sha256(text::bytea), 'hex') from memories where id = ${kept.id}`),
    ).toEqual([kept.hash]);
    const found = (query: string, limit?: number) =>
      answered<{ text: string }[]>(client, 'recall', { query, ...(limit === undefined ? {} : { limit }) });
    expect((await found('castle gate')).map(({ text }) => text)).toEqual([
      "the castle's gate; drop table memories",
    ]);
    expect((await found('100%')).map(({ text }) => text)).toEqual(['a moat, 100% wet']);
    expect(await found('gate', 1)).toHaveLength(1);
    expect(await found('nothing of this')).toEqual([]);
    expect(await answered(client, 'stats')).toMatchObject({ memories: 2 });
    expect(await answered(client, 'forget', { id: kept.id })).toEqual({ id: kept.id, forgotten: true });
    expect(await answered(client, 'forget', { id: kept.id })).toEqual({ id: kept.id, forgotten: false });
    expect(postgres.query('select count(*) from memories')).toEqual(['1']);
    await client.close();
    expect(await app.stopped()).toBe(0);
  });

  it('serves with a role that may use the table and make none', async () => {
    postgres.query(`create role reader login; grant select on memories to reader`);
    await using app = await startApp('serve', postgres.url.replace('postgres@', 'reader@'));
    const client = await connected(app.url);
    expect(await answered(client, 'stats')).toMatchObject({ memories: 1 });
    expect(await called(client, 'remember', { text: 'x' })).toEqual({
      failed: true,
      text: 'the database does not answer: 42501',
    });
    await client.close();
  });

  it('lets the console show tables and memories as text, with its own role', async () => {
    postgres.query(`insert into memories (text, hash) values ('<script>alert(1)</script>', '')`);
    postgres.query(`create role pgadmin login; grant select on memories to pgadmin`);
    await using app = await startApp('console', postgres.url.replace('postgres@', 'pgadmin@'));
    const response = await fetch(app.url);
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(page).toContain('as the role pgadmin');
    expect(page).toContain('<td>public.memories</td><td>2</td>');
    expect(page).toContain('&#60;script&#62;alert(1)');
    expect(page).not.toContain('<script');
    expect(page).not.toMatch(/https?:\/\//);
    expect((await fetch(app.url, { method: 'POST' })).status).toBe(405);
  });

  it('comes back by itself when PostgreSQL has ended its session', async () => {
    await using app = await startApp('serve', postgres.url);
    const sessions = () =>
      postgres.query(`select pid from pg_stat_activity where application_name = 'mnemosyne'`);
    expect((await fetch(`${app.url}/readyz`)).status).toBe(200);
    const before = sessions();
    expect(before).toHaveLength(1);
    postgres.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'mnemosyne'`,
    );
    await untilReady('Mnemosyne', async () => (await fetch(`${app.url}/readyz`)).ok);
    const after = sessions();
    expect(after).toHaveLength(1);
    expect(after).not.toEqual(before);
  });
});

describe.skipIf(!hasPostgres())('Mnemosyne before its database', () => {
  it('is healthy and not ready, and never shows the address that holds the password', async () => {
    const nobody = `postgres://mnemosyne:${secret}@127.0.0.1:${await freePort()}/mnemosyne`;
    await using app = await startApp('serve', nobody);
    expect((await fetch(`${app.url}/healthz`)).status).toBe(200);
    const ready = await fetch(`${app.url}/readyz`);
    const said = await ready.text();
    expect([ready.status, said]).toEqual([503, 'the database does not answer: ECONNREFUSED\n']);
    expect(`${said}${app.said()}`).not.toContain(secret);
    expect(await app.stopped()).toBe(0);
  });

  it('gets ready once PostgreSQL listens, without being started again', async () => {
    await using front = await proxyTo();
    await using app = await startApp('serve', front.url);
    expect((await fetch(`${app.url}/readyz`)).status).toBe(503);
    const client = await connected(app.url);
    const waiting = called(client, 'stats');
    await using postgres = await startPostgres();
    front.open(Number(new URL(postgres.url).port));
    await untilReady('Mnemosyne', async () => (await fetch(`${app.url}/readyz`)).ok);
    await waiting;
    expect((await called(client, 'stats')).text).toContain('"memories":0');
    await client.close();
  });
});

/** A port that is closed to everybody until it is opened towards a server. */
async function proxyTo() {
  let target: number | undefined;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    if (target === undefined) {
      socket.destroy();
      return;
    }
    const onward = connect(target, '127.0.0.1');
    onward.on('error', () => socket.destroy());
    socket.pipe(onward).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres?sslmode=disable`,
    open: (to: number) => {
      target = to;
    },
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}
