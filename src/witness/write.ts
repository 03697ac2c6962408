import { z } from 'zod';
import type { TableSettings } from '../castle/database.ts';
import { chainHead, chainRows } from '../database/chain.ts';
import { digestTable, plainTexts, quoted } from '../database/digest.ts';
import { messageOf, PhoenixError } from '../errors.ts';
import type { Witness } from '../keepsake/record.ts';
import { type Archiver, archiver } from './archived.ts';
import type { Database } from './database.ts';
import { ensureTable, insertRow, walPlace } from './row.ts';
import { codeOf } from './silence.ts';
import { timelineOf } from './wal.ts';

/** A row that is committed, and the archiver as it stood before. */
export interface Written {
  readonly nonce: string;
  /** ISO 8601, by the database's clock. */
  readonly at: string;
  readonly lsn: string;
  /** The segment that holds the row; its end has been forced. */
  readonly wal: string;
  readonly timeline: number;
  readonly system: string;
  readonly database: string;
  readonly rows: NonNullable<Witness['rows']>;
  readonly chain: NonNullable<Witness['chain']>;
  readonly tables: NonNullable<Witness['tables']>;
  readonly before: Archiver;
}

const standing = z.object({
  recovery: z.boolean(),
  readonly: z.boolean(),
  mode: z.string(),
  /** null where this user may not see it. */
  command: z.string().nullable(),
  library: z.string().nullable(),
  database: z.string(),
  system: z.string(),
});

/** Commands that succeed and archive nothing, as people set them to be rid of WAL. */
const idle = /^\s*(?:(?:\/usr)?\/bin\/)?(?:true|:|exit 0|cd \.)\s*$/;

/**
 * Writes the witness of `run`: row A, then the backup where one is taken, then row B in the one transaction that also sees
 * what `tables` hold; and ends its WAL segment, so that the archiver takes it. Throws PHX-WITNESS-READ-ONLY, -ARCHIVE-OFF,
 * -WRITE, -TABLE, what `backup` throws, or as the database's `ask`.
 */
export async function writeWitness(
  database: Database,
  {
    table,
    run,
    castle,
    user,
    tables,
    backup,
  }: {
    readonly table: readonly string[];
    readonly run: string;
    readonly castle: string;
    readonly user: string;
    readonly tables: readonly TableSettings[];
    readonly backup: (() => Promise<void>) | undefined;
  },
): Promise<Written> {
  const ask = (explained: (sql: string, error: unknown) => PhoenixError) => {
    return async (sql: string, values: readonly string[] = []) => {
      try {
        return await database.ask(sql, values);
      } catch (error) {
        throw error instanceof PhoenixError ? error : explained(sql, error);
      }
    };
  };
  const asked = ask((sql, error) => unwritten(user, sql, error));
  const step = async (sql: string, values: readonly string[] = []) => (await asked(sql, values))[0];
  const now = standing.parse(await step(standingSql));
  assertArchives(now);
  const name = quoted(table);
  await ensureTable(step, name);
  const insert = () => insertRow(step, name, { run, castle });
  let a: NonNullable<Witness['rows']>['a'] = null;
  if (backup !== undefined) {
    const row = await insert();
    a = { ...row, lsn: (await walPlace(step)).lsn };
    await backup();
  }
  const before = await archiver(database);
  // One snapshot for all: what others commit meanwhile is newer than row B, and no part of what must come back.
  await step('BEGIN ISOLATION LEVEL REPEATABLE READ');
  const row = await insert();
  for (const text of plainTexts) await step(text);
  const digests: Written['tables'] = [];
  for (const each of tables)
    digests.push(
      await digestTable(
        ask((_, error) => unreadable(each, user, error)),
        each,
      ),
    );
  const links = await chainRows(asked, name, row.nonce);
  await step('COMMIT');
  const { lsn, wal } = await walPlace(step);
  await step('SELECT pg_switch_wal()');
  const { system, database: named } = now;
  return {
    ...row,
    lsn,
    wal,
    timeline: timelineOf(wal),
    system,
    database: named,
    rows: { a, b: { ...row, lsn } },
    chain: { head: chainHead(links), rows: links.length },
    tables: digests,
    before,
  };
}

const standingSql = `SELECT pg_is_in_recovery() AS recovery,
  current_setting('transaction_read_only') = 'on' AS readonly,
  current_setting('archive_mode') AS mode,
  CASE WHEN pg_has_role('pg_read_all_settings', 'usage') THEN current_setting('archive_command') END AS command,
  CASE WHEN pg_has_role('pg_read_all_settings', 'usage') THEN current_setting('archive_library', true) END AS library,
  current_database()::text AS database,
  (SELECT system_identifier::text FROM pg_control_system()) AS system`;

function assertArchives({ recovery, readonly, mode, command, library }: z.infer<typeof standing>): void {
  if (recovery || readonly) {
    throw new PhoenixError({
      code: 'PHX-WITNESS-READ-ONLY',
      class: 'cluster',
      what: 'The database of the witness takes no row: nothing was destroyed.',
      why: recovery
        ? 'It is in recovery: a replica, or a server that is still being restored.'
        : 'Its transactions are read-only (`default_transaction_read_only`).',
      next: 'Let `destroy.witness` lead to the primary, and wait until it is out of recovery.',
    });
  }
  const off = (why: string) =>
    new PhoenixError({
      code: 'PHX-WITNESS-ARCHIVE-OFF',
      class: 'cluster',
      what: 'The database of the witness archives no WAL: nothing was destroyed.',
      why,
      next: 'Set `archive_mode = on` and `archive_command` (for pgBackRest: `pgbackrest --stanza=STANZA archive-push %p`), restart the server, take a full backup, and run again.',
    });
  if (mode === 'off')
    throw off('Its `archive_mode` is off: what was written since the last backup would be lost.');
  if (command === null || (library ?? '') !== '') return;
  if (command.trim() === '') throw off('Its `archive_mode` is on, and its `archive_command` is empty.');
  if (idle.test(command))
    throw off(`Its \`archive_command\` is \`${command.trim()}\`, which succeeds and archives nothing.`);
}

function unwritten(user: string, sql: string, error: unknown): PhoenixError {
  const denied = codeOf(error) === '42501';
  const grant = /pg_switch_wal/.test(sql)
    ? `Let a superuser of that database run: GRANT EXECUTE ON FUNCTION pg_switch_wal() TO "${user}"`
    : `Let its owner make the table and give it to that user, or name one that it may write to by \`destroy.witness.table\``;
  return new PhoenixError({
    code: 'PHX-WITNESS-WRITE',
    class: 'cluster',
    what: 'The witness could not be written: nothing was destroyed.',
    why: `${messageOf(error)} (${codeOf(error)}), to: ${sql.split(' ').slice(0, 3).join(' ')} …`,
    next: denied ? `${grant}.` : 'See what the database says, put it right, and run again.',
    cause: error,
  });
}

function unreadable({ name, orderBy, time }: TableSettings, user: string, error: unknown): PhoenixError {
  const table = name.join('.');
  const columns = [...orderBy, ...(time === undefined ? [] : [time])].join(', ');
  return new PhoenixError({
    code: 'PHX-WITNESS-TABLE',
    class: 'cluster',
    what: `The witness cannot hold what ${table} has: nothing was destroyed.`,
    why: `${messageOf(error)} (${codeOf(error)})`,
    next: `See that the table is there with the columns ${columns} (\`database.tables\` of the castle file), and that ${user} may read it: GRANT SELECT ON ${table} TO "${user}".`,
    cause: error,
  });
}
