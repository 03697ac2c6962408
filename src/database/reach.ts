import type { AddressSource } from '../castle/database-address.ts';
import type { Cluster } from '../cluster/client.ts';
import { kinds } from '../cluster/kinds.ts';
import { messageOf, PhoenixError } from '../errors.ts';
import { addressOf } from '../witness/address.ts';
import { type Database, openDatabase, readsTablesMs } from '../witness/database.ts';
import type { loadPostgres } from '../witness/load.ts';
import { codeOf } from '../witness/silence.ts';

/** What a connection to the database is made with. */
export interface Reach {
  readonly cluster: Pick<Cluster, 'read' | 'list'> | undefined;
  /** A secret of the castle. */
  readonly secret: (name: string) => Promise<string>;
  readonly redactor: { add(name: string, value: string): void };
  readonly library: Awaited<ReturnType<typeof loadPostgres>>;
  readonly caFile: string | undefined;
  readonly signal: AbortSignal;
}

interface Wanted {
  readonly from: AddressSource;
  readonly at?: { readonly host: string; readonly port: number };
}

/** Why a database could not be asked, in words that hold for any look at it. */
export interface NoWay {
  readonly why: string;
  /** Whose fault it is: nobody answered, somebody did and lets nobody in, or there is no address yet. */
  readonly is: 'silent' | 'login' | 'refused' | 'no address';
  /** SQLSTATE; empty where the server did not get so far. */
  readonly state: string;
}

/** A connection by an address that is read anew each time: a password may have been set since. */
export async function reachDatabase(
  reach: Reach,
  wanted: Wanted,
): Promise<{ readonly database: Database; readonly user: string } | NoWay> {
  const { from, at } = wanted;
  const shown =
    from.kind === 'secret' ? `the secret ${from.name}` : `${from.namespace}/${from.name}, key ${from.key}`;
  try {
    const text = from.kind === 'secret' ? await reach.secret(from.name) : await inCluster(reach, from);
    if (text === undefined)
      return { is: 'no address', why: `There is no address of the database yet in ${shown}.`, state: '' };
    reach.redactor.add(shown, text.trim());
    const address = addressOf(text, shown, at);
    reach.redactor.add(`password in ${shown}`, address.password);
    const { library, caFile, signal } = reach;
    const options = { library, caFile, signal, answerWithinMs: readsTablesMs };
    return { database: await openDatabase(address, options), user: address.user };
  } catch (error) {
    reach.signal.throwIfAborted();
    return noWay(error, shown);
  }
}

async function inCluster(
  { cluster }: Reach,
  { namespace, name, key }: Extract<AddressSource, { kind: 'cluster' }>,
): Promise<string | undefined> {
  const value = (await cluster?.read(kinds.secret, name, namespace))?.data?.[key];
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
}

/** The connection's own errors speak of a destroy; what they saw holds here too. */
export function noWay(error: unknown, shown: string): NoWay {
  const why = error instanceof PhoenixError ? error.why : messageOf(error);
  const code = error instanceof PhoenixError ? error.code : '';
  const state = error instanceof PhoenixError ? codeOf(error.cause) : codeOf(error);
  const told = { why: `By ${shown}: ${why}`, state };
  if (code === 'PHX-WITNESS-UNREACHABLE') return { ...told, is: 'silent' };
  if (code === 'PHX-WITNESS-LOGIN') return { ...told, is: 'login' };
  if (code === 'PHX-WITNESS-ADDRESS') return { ...told, is: 'no address' };
  return { ...told, is: 'refused' };
}
