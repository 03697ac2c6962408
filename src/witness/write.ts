import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { messageOf, PhoenixError } from '../errors.ts';
import { type Archiver, archiver } from './archived.ts';
import type { Database } from './database.ts';
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
 * Writes the witness of `run` and ends its WAL segment, so that the archiver takes it. Throws PHX-WITNESS-READ-ONLY,
 * PHX-WITNESS-ARCHIVE-OFF, PHX-WITNESS-WRITE, or as the database's `ask`.
 */
export async function writeWitness(
  database: Database,
  {
    table,
    run,
    castle,
    user,
  }: {
    readonly table: readonly string[];
    readonly run: string;
    readonly castle: string;
    readonly user: string;
  },
): Promise<Written> {
  const step = async (sql: string, values: readonly string[] = []) => {
    try {
      return (await database.ask(sql, values))[0];
    } catch (error) {
      throw error instanceof PhoenixError ? error : unwritten(user, sql, error);
    }
  };
  const now = standing.parse(await step(standingSql));
  assertArchives(now);
  const before = await archiver(database);
  const nonce = randomUUID();
  // The castle file's schema lets no quote into these names.
  const name = table.map((part) => `"${part}"`).join('.');
  const known = z
    .object({ there: z.boolean() })
    .parse(await step('SELECT to_regclass($1) IS NOT NULL AS there', [name]));
  // A user that may write into a table that was made for it need not be one that may make tables.
  if (!known.there) {
    await step(
      `CREATE TABLE IF NOT EXISTS ${name} (nonce text PRIMARY KEY, run text NOT NULL, castle text NOT NULL, at timestamptz NOT NULL DEFAULT now())`,
    );
  }
  const row = await step(`INSERT INTO ${name} (nonce, run, castle) VALUES ($1, $2, $3) RETURNING at`, [
    nonce,
    run,
    castle,
  ]);
  const { at } = z.object({ at: z.date() }).parse(row);
  // Behind the commit, so the segment of this place holds it, or comes after the one that does.
  const place = z
    .object({ lsn: z.string(), wal: z.string() })
    .parse(
      await step('SELECT lsn::text, pg_walfile_name(lsn) AS wal FROM pg_current_wal_insert_lsn() AS lsn'),
    );
  await step('SELECT pg_switch_wal()');
  const { system, database: named } = now;
  return {
    nonce,
    at: at.toISOString(),
    ...place,
    timeline: timelineOf(place.wal),
    system,
    database: named,
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
