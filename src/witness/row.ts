import { randomUUID } from 'node:crypto';
import { z } from 'zod';

/** One statement; its first row. */
type Step = (sql: string, values?: readonly string[]) => Promise<unknown>;

/** Makes the witness' table where it is missing. `name` is quoted for SQL. */
export async function ensureTable(step: Step, name: string): Promise<void> {
  const known = z
    .object({ there: z.boolean() })
    .parse(await step('SELECT to_regclass($1) IS NOT NULL AS there', [name]));
  // A user that may write into a table that was made for it need not be one that may make tables.
  if (known.there) return;
  await step(
    `CREATE TABLE IF NOT EXISTS ${name} (nonce text PRIMARY KEY, run text NOT NULL, castle text NOT NULL, at timestamptz NOT NULL DEFAULT now())`,
  );
}

/** Writes a row with a random nonce; `at` is the database's clock. */
export async function insertRow(
  step: Step,
  name: string,
  { run, castle }: { readonly run: string; readonly castle: string },
): Promise<{ readonly nonce: string; readonly at: string }> {
  const nonce = randomUUID();
  const row = await step(`INSERT INTO ${name} (nonce, run, castle) VALUES ($1, $2, $3) RETURNING at`, [
    nonce,
    run,
    castle,
  ]);
  return { nonce, at: z.object({ at: z.date() }).parse(row).at.toISOString() };
}

const place = z.object({ lsn: z.string(), wal: z.string() });

/** Where the WAL stands: behind what is committed, so the segment of this place holds it, or comes after the one that does. */
export async function walPlace(step: Step): Promise<z.infer<typeof place>> {
  return place.parse(
    await step('SELECT lsn::text, pg_walfile_name(lsn) AS wal FROM pg_current_wal_insert_lsn() AS lsn'),
  );
}
