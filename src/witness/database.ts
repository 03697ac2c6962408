import { Socket } from 'node:net';
import { messageOf, PhoenixError } from '../errors.ts';
import type { Address } from './address.ts';
import { tlsOf } from './address.ts';
import type { loadPostgres } from './load.ts';
import { codeOf, noAccess } from './silence.ts';

/** One connection to a database. */
export interface Database extends AsyncDisposable {
  /** The rows of one statement. Throws PHX-WITNESS-UNREACHABLE or -REFUSED where the server is lost, else what it answered. */
  ask(sql: string, values?: readonly string[]): Promise<readonly unknown[]>;
}

const connectWithinMs = 10_000;
const usualMs = 15_000;
/** For statements that read whole tables. */
export const readsTablesMs = 10 * 60_000;

/** What a server answers that does not let this user in: SQLSTATE class 28, no such database, no right to connect. */
const refusals = /^(?:28\w{3}|3D000|42501)$/;

/** Connects. Throws PHX-WITNESS-UNREACHABLE, -REFUSED or -LOGIN. */
export async function openDatabase(
  address: Address,
  {
    library,
    caFile,
    signal,
    answerWithinMs = usualMs,
  }: {
    readonly library: Awaited<ReturnType<typeof loadPostgres>>;
    readonly caFile: string | undefined;
    readonly signal: AbortSignal;
    /** For one statement. */
    readonly answerWithinMs?: number;
  },
): Promise<Database> {
  const { host, port, user, password, database } = address;
  const shown = `${host}:${port}`;
  const socket = new Socket();
  const client = new library.Client({
    ...{ host, port, user, password, database },
    ssl: await tlsOf(address, caFile),
    stream: () => socket,
    connectionTimeoutMillis: connectWithinMs,
    statement_timeout: answerWithinMs,
    query_timeout: answerWithinMs + 1000,
    application_name: 'phoenix',
    options: '-c synchronous_commit=on',
  });
  // A connection that breaks shows in the next statement; without a listener it would end the process.
  client.on('error', () => {});
  const abort = () => socket.destroy();
  signal.addEventListener('abort', abort, { once: true });
  const close = async () => {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  };
  try {
    await client.connect();
  } catch (error) {
    await close();
    signal.throwIfAborted();
    throw refusals.test(codeOf(error)) ? noEntry(shown, address, error) : noAccess(shown, error);
  }
  return {
    async ask(sql, values = []) {
      try {
        return (await client.query(sql, [...values])).rows as readonly unknown[];
      } catch (error) {
        signal.throwIfAborted();
        // What the server answered has a SQLSTATE, five characters; what happened to the wire has none.
        throw /^[0-9A-Z]{5}$/.test(codeOf(error)) ? error : noAccess(shown, error);
      }
    },
    [Symbol.asyncDispose]: close,
  };
}

function noEntry(shown: string, { user, database }: Address, error: unknown): PhoenixError {
  return new PhoenixError({
    code: 'PHX-WITNESS-LOGIN',
    class: 'cluster',
    what: `The database of the witness, ${shown}, does not let ${user} into ${database}: nothing was destroyed.`,
    why: `${messageOf(error)} (${codeOf(error)})`,
    next: 'Put the address in the secret that `destroy.witness` names right: after a restore the password may be an older one.',
    cause: error,
  });
}
