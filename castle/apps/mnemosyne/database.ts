import { setTimeout as sleep } from 'node:timers/promises';
import type { Client as PgClient } from 'pg';
import Client from 'pg/lib/client.js';

/** One connection, made when it is first needed and made anew when it broke. */
export interface Database extends AsyncDisposable {
  /**
   * The rows of one statement. Where there is no connection it waits up to `patienceMs` for one; a statement that was
   * sent is never sent again. Throws what PostgreSQL or the network answered.
   */
  query<Row extends object>(sql: string, values?: readonly unknown[], patienceMs?: number): Promise<Row[]>;
}

interface Options {
  /** `postgres://USER:PASSWORD@HOST/DATABASE`: it is never shown. */
  readonly url: string;
  readonly patienceMs: number;
  /** Run once on each new connection, before anything else. */
  readonly prepare?: (client: PgClient) => Promise<void>;
}

const pauseMs = 500;
const connectMs = 5_000;
const statementMs = 10_000;

export function database({ url, patienceMs, prepare }: Options): Database {
  let current: Promise<PgClient> | undefined;

  async function connect(forget: () => void): Promise<PgClient> {
    const client: PgClient = new Client({
      connectionString: url,
      connectionTimeoutMillis: connectMs,
      query_timeout: statementMs,
      application_name: 'mnemosyne',
    });
    // Said between two statements, e.g. when the server ends: nobody waits for it, and unheard it would end the process.
    client.on('error', forget);
    client.on('end', forget);
    try {
      await client.connect();
      await prepare?.(client);
      return client;
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
  }

  function begin(): Promise<PgClient> {
    const mine: Promise<PgClient> = connect(() => {
      if (current === mine) current = undefined;
    });
    return mine;
  }

  async function connection(patience: number): Promise<PgClient> {
    const until = performance.now() + patience;
    for (;;) {
      current ??= begin();
      const mine = current;
      try {
        return await mine;
      } catch (error) {
        if (current === mine) current = undefined;
        if (performance.now() + pauseMs > until) throw error;
      }
      await sleep(pauseMs);
    }
  }

  return {
    async query<Row extends object>(sql: string, values: readonly unknown[] = [], patience = patienceMs) {
      const client = await connection(patience);
      const { rows } = await client.query<Row>(sql, [...values]);
      return rows;
    },
    async [Symbol.asyncDispose]() {
      const client = await current?.catch(() => undefined);
      current = undefined;
      await client?.end().catch(() => {});
    },
  };
}
