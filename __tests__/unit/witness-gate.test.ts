import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/cluster/client.ts';
import { clearPassage, isFresh, markPassage, noteApply, restorePassage } from '../../src/keepsake/passage.ts';
import type { Keepsake, Passage, Witness } from '../../src/keepsake/record.ts';
import type { KeepsakeStore } from '../../src/keepsake/store.ts';
import type { Prepared } from '../../src/rebirth/protocol.ts';
import { tlsOf } from '../../src/witness/address.ts';
import { passWitnessGate } from '../../src/witness/gate.ts';
import { isSilence, NoAnswer } from '../../src/witness/silence.ts';

const hour = 3600_000;
const day = 24 * hour;
const silent = { info() {}, warn() {}, error() {}, debug() {}, from() {} };

const witness: Witness = {
  ...{ castle: 'small', run: 'r1', nonce: 'N', at: new Date(Date.now() - 2 * day).toISOString() },
  ...{ lsn: '0/1', wal: '000000010000000000000001', timeline: 1, archived: true, system: '1' },
  ...{ database: 'd', table: 't', failures: 0, signature: null },
};

const dying: Passage = { phase: 'destroying', run: 'r1', at: Date.now() - hour, witness: 'N' };

/** A keepsake in memory. */
function keepsakeOf(kept: Partial<Keepsake>): KeepsakeStore & { now(): Keepsake } {
  let record: Keepsake = { format: 1, castle: 'small', ...kept };
  return {
    place: 'memory',
    shared: true,
    now: () => record,
    read: async () => record,
    async write(change) {
      record = change(record);
    },
  };
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** The port of a server that does `answer` to the first bytes of whoever connects. */
async function serving(answer: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** An ErrorResponse of PostgreSQL. */
function fatal(state: string, message: string): Buffer {
  const fields = [`SFATAL`, 'VFATAL', `C${state}`, `M${message}`].map((each) => `${each}\0`).join('');
  const body = Buffer.from(`${fields}\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const nobody = 'postgres://u:p@127.0.0.1:1/d?sslmode=disable';

function passed(
  kept: Partial<Keepsake>,
  url = nobody,
  stands: 'nothing' | 'something' | 'unknown' = 'something',
  from: object = { kind: 'secret', name: 'U' },
): { readonly gate: Promise<string | null>; readonly progress: Pick<Prepared['progress'], 'witness'> } {
  const settings = {
    ...{ from, table: ['t'] },
    ...{ archivedWithinSeconds: 5, maxAgeSeconds: 3600 },
  };
  const progress: Pick<Prepared['progress'], 'witness' | 'cautions' | 'access'> = {
    cautions: [],
    // A cluster that lives, and has no such secret.
    access: { file: '', cluster: { read: async () => undefined } as unknown as Cluster },
  };
  const castle = {
    ...{ name: 'small', state: {}, secrets: { list: [{ name: 'U' }] } },
    destroy: { witness: settings },
  };
  const run = {
    ...{ id: 'now', castle, log: silent, signal: new AbortController().signal },
    redactor: { add() {} },
  };
  // What the gate reads of a run, and no more.
  const prepared = { run, progress, secrets: { value: () => url } } as unknown as Prepared;
  return { gate: passWitnessGate(prepared, false, keepsakeOf(kept), async () => stands), progress };
}

describe('an earlier witness', () => {
  const young = { ...witness, at: new Date(Date.now() - 600_000).toISOString() };

  it.each<[string, Partial<Keepsake>]>([
    ['of the destroy that goes on', { witness, passage: dying }],
    ['of one that is over', { witness, passage: { ...dying, phase: 'destroyed' } }],
    ['younger than max-age', { witness: young }],
    [
      'by a clock a little ahead',
      { witness: { ...witness, at: new Date(Date.now() + 60_000).toISOString() } },
    ],
  ])('lets a destroy pass whose database is silent: %s', async (_, kept) => {
    const { gate, progress } = passed(kept);
    expect(await gate).toBe('N');
    expect(progress.witness).toMatchObject({ is: 'earlier', row: { nonce: 'N' } });
  });

  it.each<[string, Partial<Keepsake>]>([
    ['old', { witness }],
    ['of a castle that was applied to since', { witness: young, spent: 'N' }],
    ['of a mark whose castle was applied to since', { witness, passage: dying, spent: 'N' }],
    ['of a castle that is being raised', { witness, passage: { ...dying, phase: 'raising' } }],
    ['of another castle', { witness: { ...young, castle: 'other' } }],
    ['of a day to come', { witness: { ...witness, at: new Date(Date.now() + hour).toISOString() } }],
    ['of a mark of a day to come', { witness, passage: { ...dying, at: Date.now() + hour } }],
    ['of a mark that is old', { witness, passage: { ...dying, at: Date.now() - 8 * day } }],
    ['of a mark with another witness', { witness, passage: { ...dying, witness: 'M' } }],
  ])('does not where it is %s', async (_, kept) => {
    const { gate, progress } = passed(kept);
    await expect(gate).rejects.toMatchObject({ code: 'PHX-WITNESS-UNREACHABLE' });
    expect(progress.witness).toMatchObject({ is: 'refused' });
  });

  it.each([
    ['53300', 'sorry, too many clients already', 'PHX-WITNESS-REFUSED'],
    ['08P01', 'unsupported startup parameter: options', 'PHX-WITNESS-REFUSED'],
    ['57P03', 'the database system is starting up', 'PHX-WITNESS-REFUSED'],
    ['28P01', 'password authentication failed', 'PHX-WITNESS-LOGIN'],
  ])('does not where the database answers %s', async (state, message, code) => {
    const port = await serving((socket) => socket.end(fatal(state, message)));
    const { gate } = passed(
      { witness: young, passage: dying },
      `postgres://u:p@127.0.0.1:${port}/d?sslmode=disable`,
    );
    await expect(gate).rejects.toMatchObject({ code, why: expect.stringContaining(message) });
  });

  it('stands for a secret that went with the cluster only where its own destroy has begun', async () => {
    const inCluster = { kind: 'cluster', namespace: 'db', name: 'user', key: 'uri' };
    const gone = (kept: Partial<Keepsake>) => passed(kept, nobody, 'something', inCluster).gate;
    expect(await gone({ witness, passage: dying })).toBe('N');
    for (const kept of [{ witness: young }, { witness, passage: dying, spent: 'N' }])
      await expect(gone(kept)).rejects.toMatchObject({ code: 'PHX-WITNESS-ADDRESS-GONE' });
  });

  it('does not where something answers that is no database, or hangs up', async () => {
    const rude = await serving((socket) => socket.destroy());
    for (const query of ['?sslmode=disable', '']) {
      const { gate } = passed(
        { witness: young, passage: dying },
        `postgres://u:p@127.0.0.1:${rude}/d${query}`,
      );
      await expect(gate).rejects.toMatchObject({ code: 'PHX-WITNESS-REFUSED' });
    }
  });

  it('is not needed where nothing stands; where that is not known it is', async () => {
    const { gate, progress } = passed({}, nobody, 'nothing');
    expect(await gate).toBeNull();
    expect(progress.witness).toMatchObject({ is: 'needless', row: null });
    for (const stands of ['something', 'unknown'] as const)
      await expect(passed({}, nobody, stands).gate).rejects.toMatchObject({
        code: 'PHX-WITNESS-UNREACHABLE',
      });
  });
});

describe('silence', () => {
  const coded = (code: string) => Object.assign(new Error(code), { code });
  it.each<[string, unknown, boolean]>([
    ['a refused connection', coded('ECONNREFUSED'), true],
    ['no route', coded('EHOSTUNREACH'), true],
    ['no such name', coded('ENOTFOUND'), true],
    ['a time that ran out', new NoAnswer('late'), true],
    ["the client's time", new Error('timeout expired'), true],
    ['what fetch wraps', new TypeError('fetch failed', { cause: coded('ETIMEDOUT') }), true],
    ['each address silent', new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')]), true],
    ['one address that answered', new AggregateError([coded('ECONNREFUSED'), coded('ECONNRESET')]), false],
    ['a certificate', coded('CERT_HAS_EXPIRED'), false],
    ['a status', coded('403'), false],
    ['a connection that was reset', coded('ECONNRESET'), false],
    ['a word without a code', new Error('Connection terminated unexpectedly'), false],
  ])('%s: %j is %s', (_, error, is) => {
    expect(isSilence(error)).toBe(is);
  });
});

describe('the mark of a destroy', () => {
  const run = { run: 'r2', witness: 'N' };

  it('keeps its first time through an unbroken passage, and not across a rebirth', async () => {
    const keepsake = keepsakeOf({ witness, passage: dying });
    await markPassage(keepsake, { ...run, phase: 'destroying' });
    await markPassage(keepsake, { ...run, phase: 'destroyed' });
    expect(keepsake.now().passage).toEqual({ ...dying, run: 'r2', phase: 'destroyed' });
    expect(keepsake.now().spent).toBeUndefined();
    await markPassage(keepsake, { ...run, phase: 'raising' });
    expect(keepsake.now()).toMatchObject({ spent: 'N', passage: { phase: 'raising', at: dying.at } });
    await markPassage(keepsake, { ...run, phase: 'destroying' });
    expect(keepsake.now().passage?.at).toBeGreaterThan(dying.at);
  });

  it('begins anew where it is old', async () => {
    const keepsake = keepsakeOf({ passage: { ...dying, at: Date.now() - 8 * day } });
    await markPassage(keepsake, { ...run, phase: 'destroying' });
    expect(keepsake.now().passage?.at).toBeGreaterThan(Date.now() - hour);
    expect(isFresh({ at: Date.now() + hour }, Date.now())).toBe(false);
  });

  it.each(['destroying', 'destroyed'] as const)(
    'turns from %s to raising with the first apply, which spends the witness',
    async (phase) => {
      const keepsake = keepsakeOf({ witness, passage: { ...dying, phase } });
      await noteApply(keepsake, 'r3');
      expect(keepsake.now()).toEqual({
        ...{ format: 1, castle: 'small', witness, spent: 'N' },
        passage: { ...dying, phase: 'raising', run: 'r3' },
      });
      await clearPassage(keepsake, silent);
      expect(keepsake.now()).toMatchObject({ spent: 'N' });
    },
  );

  it('costs an apply no more than a look where there is nothing to say', async () => {
    for (const kept of [{}, { witness, spent: 'N' }]) {
      const keepsake = { ...keepsakeOf(kept), write: () => Promise.reject(new Error('it was written')) };
      await noteApply(keepsake, 'r3');
    }
  });

  it('is what it was before where a destroy destroyed nothing', async () => {
    for (const passage of [undefined, dying]) {
      const keepsake = keepsakeOf(passage === undefined ? {} : { passage });
      const before = await markPassage(keepsake, { ...run, phase: 'destroying' });
      await restorePassage(keepsake, before, silent);
      expect(keepsake.now().passage).toEqual(passage);
    }
  });
});

describe('TLS to the database', () => {
  const at = (tls: 'require' | 'verify-ca' | 'verify-full') => ({ tls, named: 'db.example.org' });

  it('trusts nobody but the CA that is given where the name is not looked at', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'phoenix-witness-ca-'));
    const caFile = join(dir, 'ca.pem');
    const pem = '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n';
    await writeFile(caFile, pem);
    try {
      for (const tls of ['require', 'verify-ca'] as const)
        expect(await tlsOf(at(tls), caFile)).toMatchObject({ ca: [pem], rejectUnauthorized: true });
      const full = await tlsOf(at('verify-full'), caFile);
      expect(full && Array.isArray(full.ca) && full.ca.length).toBeGreaterThan(1);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('refuses verify-ca without one', async () => {
    await expect(tlsOf(at('verify-ca'), undefined)).rejects.toMatchObject({ code: 'PHX-WITNESS-ADDRESS' });
  });
});
