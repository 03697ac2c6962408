import { setTimeout as sleep } from 'node:timers/promises';
import type { WitnessSettings } from '../castle/witness.ts';
import { kinds } from '../cluster/kinds.ts';
import { connectPods } from '../cluster/pods.ts';
import { PhoenixError } from '../errors.ts';
import type { Witness } from '../keepsake/record.ts';
import { realTime } from '../lease/time.ts';
import { readKubeconfig } from '../rebirth/kubeconfig.ts';
import type { Prepared } from '../rebirth/protocol.ts';
import { type Address, addressError, addressGone, addressOf } from './address.ts';
import { archiver, awaitArchived } from './archived.ts';
import { takeBackup } from './backup.ts';
import { openDatabase, readsTablesMs } from './database.ts';
import { loadPostgres } from './load.ts';
import { NoAnswer, noAccess } from './silence.ts';
import { writeWitness } from './write.ts';

const readWithinMs = 15_000;

/**
 * Writes a witness into the castle's database and waits until its WAL is archived. Throws PHX-WITNESS-ADDRESS,
 * -ADDRESS-GONE, -UNREACHABLE, -REFUSED, -LOGIN, -READ-ONLY, -ARCHIVE-OFF, -WRITE, -TABLE, -BACKUP or -NOT-ARCHIVED.
 */
export async function takeWitness(
  prepared: Prepared,
  settings: WitnessSettings,
): Promise<Omit<Witness, 'signature'>> {
  const { run } = prepared;
  const address = await addressFor(prepared, settings);
  await using database = await openDatabase(address, {
    library: await loadPostgres(),
    caFile: settings.caFile,
    signal: run.signal,
    answerWithinMs: readsTablesMs,
  });
  const { table, backup } = settings;
  const castle = run.castle.name;
  const { before, ...row } = await writeWitness(database, {
    ...{ table, castle, run: run.id, user: address.user },
    tables: run.castle.database?.tables ?? [],
    backup: backup === undefined ? undefined : () => backUp(prepared, backup),
  });
  run.log.info(`witness: row ${row.nonce} is in ${row.wal}; waiting until that is archived`);
  const { failures } = await awaitArchived(
    () => archiver(database),
    { wal: row.wal, before },
    { withinSeconds: settings.archivedWithinSeconds, time: realTime, signal: run.signal },
  );
  return { castle, run: run.id, ...row, archived: true, table: table.join('.'), failures };
}

async function backUp(
  { run, workspace, plan, secrets, progress }: Prepared,
  backup: NonNullable<WitnessSettings['backup']>,
): Promise<void> {
  progress.access ??= await readKubeconfig(run, workspace, plan.layers, secrets);
  const { cluster, file } = progress.access;
  run.log.info('witness: row A is written; a backup is taken');
  await takeBackup(backup, { cluster, pods: await connectPods(file), signal: run.signal });
}

async function addressFor(prepared: Prepared, { from, at }: WitnessSettings): Promise<Address> {
  const { run } = prepared;
  const text =
    from.kind === 'secret' ? await secretOf(prepared, from.name) : await readSecret(prepared, from);
  const shown =
    from.kind === 'secret' ? `the secret ${from.name}` : `${from.namespace}/${from.name}, key ${from.key}`;
  run.redactor.add(from.kind === 'secret' ? from.name : `${from.namespace}/${from.name}`, text.trim());
  const address = addressOf(text, shown, at);
  run.redactor.add(`password in ${shown}`, address.password);
  return address;
}

/** Only a destroy needs it, so it is not among what every run is given. */
export async function secretOf({ run, session, secrets }: Prepared, name: string): Promise<string> {
  if (run.castle.secrets.list.some((known) => known.name === name)) return secrets.value(name);
  const value = (await session?.fetch([name]))?.get(name);
  // Says which secret is missing, as everywhere.
  if (value === undefined) return secrets.value(name);
  run.redactor.add(name, value);
  return value;
}

type InCluster = Extract<WitnessSettings['from'], { kind: 'cluster' }>;

/** A cluster that does not answer is a database that does not. */
async function readSecret(
  { run, workspace, plan, secrets, progress }: Prepared,
  { namespace, name, key }: InCluster,
): Promise<string> {
  const shown = `${namespace}/${name} in the cluster`;
  const waiting = new AbortController();
  try {
    progress.access ??= await readKubeconfig(run, workspace, plan.layers, secrets);
    const late = sleep(readWithinMs, undefined, { signal: waiting.signal }).then(() => {
      throw new NoAnswer(`its API gave no answer within ${readWithinMs / 1000} s`);
    });
    late.catch(() => {});
    const secret = await Promise.race([progress.access.cluster.read(kinds.secret, name, namespace), late]);
    const value = secret?.data?.[key];
    if (value !== undefined) return Buffer.from(value, 'base64').toString('utf8');
    if (secret === undefined) throw addressGone(shown, 'There is no such secret.');
    throw addressError(shown, `It has no key ${key}.`, '`destroy.witness`');
  } catch (error) {
    run.signal.throwIfAborted();
    if (error instanceof PhoenixError && error.code.startsWith('PHX-WITNESS-')) throw error;
    if (error instanceof PhoenixError && error.code === 'PHX-KUBECONFIG-MISSING')
      throw addressGone(shown, `${error.what} ${error.why}`);
    throw noAccess(`whose address is in the cluster (${namespace}/${name})`, error);
  } finally {
    waiting.abort();
  }
}
