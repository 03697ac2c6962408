import { z } from 'zod';
import { messageOf, PhoenixError } from '../errors.ts';
import type { Time } from '../lease/time.ts';
import { archiver, awaitArchived } from '../witness/archived.ts';
import type { Database } from '../witness/database.ts';
import { ensureTable, insertRow, walPlace } from '../witness/row.ts';
import { quoted } from './digest.ts';
import { failing, type Judged, passed } from './rungs.ts';

/** V5: writes a row, reads it back, ends its WAL segment and waits until that is archived; then the row is taken out. */
export async function proveArchive(
  database: Pick<Database, 'ask'>,
  {
    table,
    run,
    castle,
    withinSeconds,
    time,
    signal,
  }: {
    readonly table: readonly string[];
    readonly run: string;
    readonly castle: string;
    readonly withinSeconds: number;
    readonly time: Time;
    readonly signal: AbortSignal;
  },
): Promise<Judged> {
  const step = async (sql: string, values: readonly string[] = []) => (await database.ask(sql, values))[0];
  const next =
    "See the server's log for what its archive_command says (for pgBackRest: `pgbackrest --stanza=STANZA check`).";
  const name = quoted(table);
  let nonce = '';
  try {
    const { mode } = z
      .object({ mode: z.string() })
      .parse(await step("SELECT current_setting('archive_mode') AS mode"));
    if (mode === 'off') {
      const why = 'Its `archive_mode` is off: a restore with --archive-mode=off leaves it so.';
      return failing('PHX-DB-ARCHIVE', { seen: 'archive_mode is off', why, next, passes: false });
    }
    const before = await archiver(database);
    await ensureTable(step, name);
    ({ nonce } = await insertRow(step, name, { run, castle }));
    const [back] = await database.ask(`SELECT run FROM ${name} WHERE nonce = $1`, [nonce]);
    if (z.object({ run: z.string() }).safeParse(back).data?.run !== run) {
      const why = 'A row that was committed is not there when it is read.';
      return failing('PHX-DB-ARCHIVE', { seen: why, why, next, passes: false });
    }
    const { wal } = await walPlace(step);
    await step('SELECT pg_switch_wal()');
    const { failures } = await awaitArchived(
      () => archiver(database),
      { wal, before },
      { withinSeconds, time, signal },
    );
    if (failures === 0) return passed(`a row was written and read, and ${wal} is archived`);
    const why = `${wal} is archived, and the archiver failed ${failures} times before it was.`;
    return failing('PHX-DB-ARCHIVE', { seen: why, why, next, passes: true });
  } catch (error) {
    signal.throwIfAborted();
    const why = error instanceof PhoenixError ? error.why : messageOf(error);
    return failing('PHX-DB-ARCHIVE', { seen: why, why, next, passes: true, cause: error });
  } finally {
    // It says nothing to anybody later; where this user may not delete it stays.
    if (nonce !== '') await database.ask(`DELETE FROM ${name} WHERE nonce = $1`, [nonce]).catch(() => {});
  }
}
