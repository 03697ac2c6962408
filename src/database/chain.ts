import { createHash } from 'node:crypto';
import { z } from 'zod';

/** A row of the witness' table, as text: what a restored database gives must be the same, byte by byte. */
export interface ChainRow {
  readonly nonce: string;
  readonly run: string;
  readonly castle: string;
  /** UTC with microseconds. */
  readonly at: string;
}

const beginning = createHash('sha256').update('phoenix witness chain v1').digest('hex');

/** Each link is the SHA-256 of the one before and of a row: no row can be changed, moved or left out unseen. */
export function chainHead(rows: readonly ChainRow[]): string {
  return rows.reduce(
    (head, { nonce, run, castle, at }) =>
      createHash('sha256')
        .update(JSON.stringify([head, nonce, run, castle, at]))
        .digest('hex'),
    beginning,
  );
}

const row = z.object({ nonce: z.string(), run: z.string(), castle: z.string(), at: z.string() });

/**
 * All rows of the witness' table up to the one with `nonce`, in the order in which they were written; none where that one
 * is not there. `name` is quoted for SQL.
 */
export async function chainRows(
  ask: (sql: string, values: readonly string[]) => Promise<readonly unknown[]>,
  name: string,
  nonce: string,
): Promise<readonly ChainRow[]> {
  // The collation of another machine may sort otherwise.
  const rows = await ask(
    `SELECT nonce, run, castle, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at
FROM ${name} AS w
WHERE (at, nonce COLLATE "C") <= (SELECT at, nonce COLLATE "C" FROM ${name} WHERE nonce = $1)
ORDER BY w.at, nonce COLLATE "C"`,
    [nonce],
  );
  return z.array(row).parse(rows);
}
