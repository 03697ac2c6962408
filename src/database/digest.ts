import { z } from 'zod';
import type { TableSettings } from '../castle/database.ts';
import type { WitnessTable } from '../keepsake/record.ts';

type Ask = (sql: string) => Promise<readonly unknown[]>;

/** How many rows' hashes are held in memory at once. */
const chunk = 10_000;

/** A table's or column's name for SQL. The castle file's schema lets no quote into them. */
export function quoted(parts: readonly string[]): string {
  return parts.map((part) => `"${part}"`).join('.');
}

/** Text forms that do not hang on the session that asks: `row::text` follows all of these. Inside a transaction. */
export const plainTexts = [
  "SET LOCAL timezone = 'UTC'",
  "SET LOCAL datestyle = 'ISO, YMD'",
  "SET LOCAL intervalstyle = 'postgres'",
  'SET LOCAL extra_float_digits = 1',
  "SET LOCAL bytea_output = 'hex'",
] as const;

const counted = z.object({
  rows: z.coerce.number(),
  latest: z.string().nullable(),
});

/** How many rows a table has, and its newest moment. The texts are those of `plainTexts`. */
export async function countTable(
  ask: Ask,
  { name, time }: Pick<TableSettings, 'name' | 'time'>,
): Promise<z.infer<typeof counted>> {
  const latest =
    time === undefined
      ? 'NULL::text'
      : `to_char(max("${time}")::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
  const [first] = await ask(`SELECT count(*)::text AS rows, ${latest} AS latest FROM ${quoted(name)}`);
  return counted.parse(first);
}

const hashed = z.object({ hash: z.string() });

/**
 * SHA-256 over the rows of a table as a set, in hex: rows are hashed one by one, and their hashes in the order of
 * themselves, so that neither their place on disk nor a collation shows. `first`: of so many rows in the table's own order.
 */
export async function hashTable(
  ask: Ask,
  { name, orderBy }: Pick<TableSettings, 'name' | 'orderBy'>,
  first?: number,
): Promise<string> {
  const limited =
    first === undefined
      ? ''
      : ` ORDER BY ${orderBy.map((column) => `t."${column}"`).join(', ')}, t::text COLLATE "C" LIMIT ${first}`;
  const hash = (text: string) => `encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`;
  const [answer] = await ask(
    `WITH rows AS (SELECT ${hash('t::text')} COLLATE "C" AS hash FROM ${quoted(name)} AS t${limited}),
placed AS (SELECT hash, (row_number() OVER (ORDER BY hash) - 1) / ${chunk} AS part FROM rows),
parts AS (SELECT part, ${hash("string_agg(hash, '' ORDER BY hash)")} AS hash FROM placed GROUP BY part)
SELECT ${hash("coalesce(string_agg(hash, '' ORDER BY part), '')")} AS hash FROM parts`,
  );
  return hashed.parse(answer).hash;
}

/** What a witness keeps of a table. */
export async function digestTable(ask: Ask, table: TableSettings): Promise<WitnessTable> {
  const { rows, latest } = await countTable(ask, table);
  const { name, orderBy, time = null } = table;
  return {
    name: name.join('.'),
    orderBy: [...orderBy],
    time,
    rows,
    hash: await hashTable(ask, table),
    latest,
  };
}
