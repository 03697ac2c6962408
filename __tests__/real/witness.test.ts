import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keepsakeForm } from '../../src/keepsake/record.ts';
import { dirStore } from '../../src/lease/dir.ts';
import {
  type BackedUpPostgres,
  hasBackedUpPostgres,
  startBackedUpPostgres,
  warmBackedUpPostgres,
} from '../support/backends/backed-up-postgres.ts';
import { freePort } from '../support/backends/port.ts';
import { expectRefusal } from '../support/refusals.ts';
import { made, smallCastle, verdictsOf } from '../support/small-castle.ts';
import { type World, warmTools } from '../support/world.ts';

/** Each starts Phoenix several times. */
const slowly = 300_000;

const confirmed = ['destroy', '--confirm', 'small'] as const;

/** Two layers, and a witness in the database at `url`. */
async function castle(url: string, witness = 'archived-within: 20s', more = ''): Promise<World> {
  const world = await smallCastle(
    { platform: { main: made }, storage: { after: ['platform'], main: made } },
    {
      yaml: `lease: { place: machine }\n${more}destroy: { witness: { url: WITNESS_URL, ${witness} } }\n`,
      secrets: { STATE_KEY: { value: 'ab'.repeat(32), use: '{}' }, WITNESS_URL: { value: url, use: '{}' } },
    },
  );
  expect((await world.run(['rebirth'])).code).toBe(0);
  return world;
}

const keepsakeOf = async ({ dir }: World) =>
  (await dirStore(join(dir, 'home/.local/state/phoenix/small/keepsake'), keepsakeForm).read())?.record;

const standing = { storage: 'destroyed', platform: 'destroyed' };

/** Refused, and no layer was begun: a second run that is let through finds all of it standing. */
async function expectNothingTouched(world: World): Promise<void> {
  const forced = await world.run([...confirmed, '--without-witness']);
  expect(forced.code, forced.output).toBe(0);
  expect(verdictsOf(forced.report)).toEqual(standing);
  expect(forced.output).toContain('small is destroyed WITHOUT A WITNESS, as --without-witness wants it.');
  expect(forced.report?.witness).toMatchObject({ is: 'overridden', row: null });
}

describe.skipIf(!hasBackedUpPostgres())('the witness of a destroy', () => {
  let database: BackedUpPostgres;
  beforeAll(async () => {
    await warmTools(['tofu', 'terragrunt']);
    await warmBackedUpPostgres();
    database = await startBackedUpPostgres();
  }, 1_200_000);
  afterAll(() => database?.[Symbol.asyncDispose]());

  test(
    'is in what a restore from the bucket alone brings back; and stands for a database that is gone',
    async () => {
      await using world = await castle(
        database.url(),
        'table: phoenix_proof',
        'state: { encryption: { key: STATE_KEY, migrate: true } }\n',
      );
      const ended = await world.run(confirmed);
      expect(ended.code, ended.output).toBe(0);
      expect(verdictsOf(ended.report)).toEqual(standing);
      const { witness } = ended.report ?? {};
      expect(witness).toMatchObject({
        is: 'archived',
        reason: null,
        row: {
          run: ended.report?.run,
          database: 'postgres',
          table: 'phoenix_proof',
          timeline: 1,
          failures: 0,
          signed: true,
        },
      });
      const nonce = witness?.row?.nonce ?? '';
      expect(await keepsakeOf(world)).toMatchObject({
        castle: 'small',
        witness: { nonce, wal: witness?.row?.wal, archived: true },
        passage: { phase: 'destroyed', witness: nonce },
      });
      const rows = await database.restored(`SELECT run FROM phoenix_proof WHERE nonce = '${nonce}'`);
      expect(rows).toEqual([ended.report?.run]);

      await database.stop();
      const again = await world.run(confirmed);
      await database.start();
      expect(again.code, again.output).toBe(0);
      expect(verdictsOf(again.report)).toEqual({ storage: 'absent', platform: 'absent' });
      expect(again.report?.witness).toMatchObject({ is: 'earlier', row: { nonce } });
      expect(again.output).toContain(
        `began to destroy the castle with the witness ${nonce}, which is archived.`,
      );
    },
    slowly,
  );

  test(
    'refuses while the bucket is away, with what PostgreSQL counts; and lets pass when it is back',
    async () => {
      await using world = await castle(database.url(), 'archived-within: 30s, max-age: 1s');
      await database.bucket(false);
      const from = Date.now();
      const refused = await world.run(confirmed);
      expect(Date.now() - from).toBeLessThan(75_000);
      await database.bucket(true);
      await expectRefusal(world, refused, {
        code: 'PHX-WITNESS-NOT-ARCHIVED',
        exit: 8,
        says: [
          /WAL segment [0-9A-F]{24}, which was not archived within 30 s/,
          /Its last failure was [0-9A-F]{24} at 20/,
        ],
      });
      expect(refused.report).toMatchObject({ layers: [], witness: { is: 'refused', row: null } });
      expect((await keepsakeOf(world))?.passage).toBeUndefined();
      const passed = await world.run(confirmed);
      expect(passed.code, passed.output).toBe(0);
      expect(verdictsOf(passed.report)).toEqual(standing);
    },
    slowly,
  );

  test(
    'refuses a user who may not end a segment, and says what to grant; by password, with none in any output',
    async () => {
      const password = "it's a / p@ss:word";
      database.query(`CREATE ROLE keeper LOGIN PASSWORD '${password.replaceAll("'", "''")}'`);
      database.query('CREATE SCHEMA keeper AUTHORIZATION keeper');
      await using world = await castle(database.url('keeper', password), 'table: keeper.witness');
      const secrets = new Map([['password', password]]);
      const grant = 'GRANT EXECUTE ON FUNCTION pg_switch_wal() TO "keeper"';
      await expectRefusal(world, await world.run(confirmed), {
        ...{ code: 'PHX-WITNESS-WRITE', exit: 8, secrets },
        says: [grant],
      });
      database.query(grant);
      const wrong = database.url('keeper', 'not the word');
      await world.writeSecrets({ WITNESS_URL: wrong });
      const unknown = await world.run(confirmed);
      await expectRefusal(world, unknown, {
        ...{ code: 'PHX-WITNESS-LOGIN', exit: 8, secrets: new Map([['wrong', 'not the word']]) },
        says: [/does not let keeper into postgres/, /28P01/],
      });
      expect(unknown.report?.layers).toEqual([]);
      await world.writeSecrets({ WITNESS_URL: database.url('keeper', password) });
      const passed = await world.run(confirmed);
      expect(passed.code, passed.output).toBe(0);
      expect(passed.report?.witness).toMatchObject({
        is: 'archived',
        row: { table: 'keeper.witness', signed: false },
      });
    },
    slowly,
  );

  test(
    'refuses a replica, a command that archives nothing, an address that is none, and a server that is not there',
    async () => {
      const nobody = `postgres://u:p4ssw0rd-never@127.0.0.1:${await freePort()}/db?sslmode=disable`;
      await using world = await castle(nobody);
      await expectRefusal(world, await world.run(confirmed), {
        ...{ code: 'PHX-WITNESS-UNREACHABLE', exit: 8, secrets: new Map([['password', 'p4ssw0rd-never']]) },
        says: [/ECONNREFUSED/],
      });
      await world.writeSecrets({ WITNESS_URL: 'mysql://u:p4ssw0rd-never@127.0.0.1/db' });
      await expectRefusal(world, await world.run(confirmed), { code: 'PHX-WITNESS-ADDRESS', exit: 2 });
      await world.writeSecrets({ WITNESS_URL: 'postgres://u:p4ssw0rd-never@127.0.0.1/db?sslmode=prefer' });
      await expectRefusal(world, await world.run(confirmed), { code: 'PHX-WITNESS-ADDRESS', exit: 2 });
      // Without an sslmode the certificate must be right; this server has none.
      await world.writeSecrets({ WITNESS_URL: database.url().replace('?sslmode=disable', '') });
      await expectRefusal(world, await world.run(confirmed), {
        ...{ code: 'PHX-WITNESS-REFUSED', exit: 8 },
        says: [/does not support SSL/],
      });
      const replica = database.url().replace(String(database.port), String(await database.replica()));
      await world.writeSecrets({ WITNESS_URL: replica });
      await expectRefusal(world, await world.run(confirmed), {
        ...{ code: 'PHX-WITNESS-READ-ONLY', exit: 8 },
        says: [/a replica/],
      });
      await world.writeSecrets({ WITNESS_URL: database.url() });
      const [command = ''] = database.query('SHOW archive_command');
      for (const idle of ['/bin/true', '']) {
        database.query(`ALTER SYSTEM SET archive_command = '${idle}'`);
        database.query('SELECT pg_reload_conf()');
        await expectRefusal(world, await world.run(confirmed), { code: 'PHX-WITNESS-ARCHIVE-OFF', exit: 8 });
      }
      database.query(`ALTER SYSTEM SET archive_command = '${command.replaceAll("'", "''")}'`);
      database.query('SELECT pg_reload_conf()');
      await world.writeSecrets({ WITNESS_URL: nobody });
      await expectNothingTouched(world);
    },
    slowly,
  );

  test(
    'refuses a server with archive_mode off, at once',
    async () => {
      await using plain = await startBackedUpPostgres({ archives: false });
      await using world = await castle(plain.url());
      const refused = await world.run(confirmed);
      await expectRefusal(world, refused, {
        ...{ code: 'PHX-WITNESS-ARCHIVE-OFF', exit: 8 },
        says: [/archive_mode` is off/, /archive-push %p/],
      });
      expect(plain.query("SELECT to_regclass('phoenix_witness') IS NULL")).toEqual(['t']);
      await expectNothingTouched(world);
    },
    slowly,
  );

  test(
    'comes by the address in the cluster itself, and only to the server that its certificate names',
    async () => {
      await using secure = await startBackedUpPostgres({ archives: false, tls: 'db.tazlab-db.svc' });
      const uri = (host: string) => `postgresql://postgres@${host}:5432/postgres`;
      let stored: string | undefined = uri('db.tazlab-db.svc');
      // Stands for the API of the castle's cluster: one secret, and nothing else.
      const api = createServer((request, response) => {
        const found = request.url === '/api/v1/namespaces/tazlab-db/secrets/pguser' ? stored : undefined;
        const listed = {
          ...{ kind: 'APIResourceList', groupVersion: 'v1' },
          resources: [
            { name: 'secrets', kind: 'Secret', namespaced: true, singularName: '', verbs: ['get'] },
          ],
        };
        const secret = {
          ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'pguser', namespace: 'tazlab-db' } },
          data: { uri: Buffer.from(found ?? '').toString('base64') },
        };
        const none = { apiVersion: 'v1', kind: 'Status', status: 'Failure', reason: 'NotFound', code: 404 };
        const [status, body] =
          request.url === '/api/v1' ? [200, listed] : found === undefined ? [404, none] : [200, secret];
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
      await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
      const kubeconfig = {
        ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'it' },
        clusters: [
          {
            name: 'it',
            cluster: {
              'insecure-skip-tls-verify': true,
              server: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
            },
          },
        ],
        users: [{ name: 'nobody', user: {} }],
        contexts: [{ name: 'it', context: { cluster: 'it', user: 'nobody' } }],
      };
      await using world = await smallCastle(
        {
          platform: {
            main: `${made}output "kubeconfig" {\n  value = ${JSON.stringify(JSON.stringify(kubeconfig))}\n}\n`,
          },
        },
        {
          yaml: `lease: { place: machine }\nkubeconfig: { layer: platform }\ndestroy: { witness: { secret: tazlab-db/pguser, at: "127.0.0.1:${secure.port}", ca-file: ${secure.caFile} } }\n`,
        },
      );
      expect((await world.run(['rebirth'])).code).toBe(0);
      // It is let in, for what refuses it is what the server says of itself.
      await expectRefusal(world, await world.run(confirmed), { code: 'PHX-WITNESS-ARCHIVE-OFF', exit: 8 });
      stored = uri('other.tazlab-db.svc');
      await expectRefusal(world, await world.run(confirmed), {
        ...{ code: 'PHX-WITNESS-REFUSED', exit: 8 },
        says: [/other\.tazlab-db\.svc/],
      });
      stored = undefined;
      await expectRefusal(world, await world.run(confirmed), {
        ...{ code: 'PHX-WITNESS-ADDRESS-GONE', exit: 2 },
        says: [/There is no such secret/],
      });
      api.closeAllConnections();
      await new Promise<void>((resolve) => api.close(() => resolve()));
      await expectRefusal(world, await world.run(confirmed), {
        ...{ code: 'PHX-WITNESS-UNREACHABLE', exit: 8 },
        says: [/whose address is in the cluster \(tazlab-db\/pguser\)/, /ECONNREFUSED/],
      });
    },
    slowly,
  );

  test(
    'speaks neither for a castle that was applied to since, nor after a part; and is not needed where nothing stands',
    async () => {
      await using world = await castle(database.url());
      const part = await world.run([...confirmed, '--only', 'storage']);
      expect(part.code, part.output).toBe(0);
      expect(await keepsakeOf(world)).toMatchObject({ witness: { run: part.report?.run } });
      expect((await keepsakeOf(world))?.passage).toBeUndefined();

      // Its rows since then are in no backup, however young the witness is.
      expect((await world.run(['layers', '--only', 'storage'])).code).toBe(0);
      await database.stop();
      const refused = await world.run(confirmed);
      await database.start();
      await expectRefusal(world, refused, { code: 'PHX-WITNESS-UNREACHABLE', exit: 8 });

      expect((await world.run(confirmed)).code).toBe(0);
      expect((await keepsakeOf(world))?.passage?.phase).toBe('destroyed');
      await writeFile(join(world.dir, 'live/storage/main.tf'), `${made}resource "nonsense" "it" {}\n`);
      expect((await world.run(['rebirth'])).code).not.toBe(0);
      expect((await keepsakeOf(world))?.passage?.phase).toBe('raising');
      await database.stop();
      const half = await world.run(confirmed);
      await database.start();
      await expectRefusal(world, half, { code: 'PHX-WITNESS-UNREACHABLE', exit: 8 });

      await writeFile(join(world.dir, 'live/storage/main.tf'), made);
      expect((await world.run(confirmed)).code).toBe(0);
      await rm(join(world.dir, 'home/.local/state/phoenix/small/keepsake'), { recursive: true });
      await database.stop();
      const absent = await world.run(confirmed);
      await database.start();
      expect(absent.code, absent.output).toBe(0);
      expect(absent.report?.witness).toMatchObject({ is: 'needless', row: null });
      expect((await keepsakeOf(world))?.passage).toBeUndefined();
    },
    slowly,
  );

  test(
    'is asked for by a rebirth from nothing too, before its destroy',
    async () => {
      await using world = await castle(database.url(), 'archived-within: 20s, max-age: 1s');
      await writeFile(join(world.dir, 'live/storage/main.tf'), `${made}# changed\n`);
      await database.stop();
      const args = ['rebirth', '--from-nothing', '--confirm', 'small'];
      const refused = await world.run(args);
      await database.start();
      await expectRefusal(world, refused, { code: 'PHX-WITNESS-UNREACHABLE', exit: 8 });
      expect(refused.report).toMatchObject({
        layers: [],
        fromNothing: { reached: 'destroying', destroyed: [] },
      });
      const reborn = await world.run(args);
      expect(reborn.code, reborn.output).toBe(0);
      expect(reborn.report).toMatchObject({
        verdict: 'reborn',
        witness: { is: 'archived' },
        fromNothing: { resumed: null, reached: 'reborn' },
      });
      expect(verdictsOf(reborn.report)).toEqual({ storage: 'applied', platform: 'applied' });
    },
    slowly,
  );
});
