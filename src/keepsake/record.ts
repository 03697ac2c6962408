import { z } from 'zod';
import { PhoenixError } from '../errors.ts';
import { parseJson } from '../json.ts';
import type { Form } from '../lease/store.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** One row of the witness: what it says, the database's own clock, and where the WAL stood once it was committed. */
const row = z.object({ nonce: z.string(), at: z.iso.datetime(), lsn: z.string() });

/** What a table held when the witness was written. */
const table = z.object({
  /** Schema and name, or the name alone, as the castle file had it. */
  name: z.string(),
  orderBy: z.array(z.string()),
  time: z.string().nullable(),
  rows: z.int().nonnegative(),
  /** Of all its rows, whatever their order; see database/digest.ts. */
  hash,
  /** The newest moment in its time column, in UTC with microseconds; null for an empty table, or without such a column. */
  latest: z.string().nullable(),
});

/** A row that a run wrote into the castle's database, and the proof that its backup has it. */
const witness = z.object({
  castle: z.string(),
  run: z.string(),
  /** What the row says; random. */
  nonce: z.string(),
  /** The database's own clock. */
  at: z.iso.datetime(),
  /** Where the WAL stood once the row was committed, and the segment that ends behind it. */
  lsn: z.string(),
  wal: z.string(),
  timeline: z.int(),
  archived: z.literal(true),
  /** The database system's identifier: another one is another database. */
  system: z.string(),
  database: z.string(),
  table: z.string(),
  /** Failures of the archiver while it was waited for. */
  failures: z.int(),
  /** The two rows: `a` is in the backup that was taken behind it (null where none was), `b` in the WAL alone. */
  rows: z.object({ a: row.nullable(), b: row }).optional(),
  /** The head of the chain over all rows of the witness' table up to `b`, and how many they are; see database/chain.ts. */
  chain: z.object({ head: hash, rows: z.int().positive() }).optional(),
  tables: z.array(table).optional(),
  /** HMAC-SHA256 of all of the above, in hex, by a key derived from the states' key; null where there is none. */
  signature: z.string().nullable(),
});

export const phases = ['destroying', 'destroyed', 'raising'] as const;

/** How far a castle has come on its way through death. */
const passage = z.object({
  phase: z.enum(phases),
  run: z.string(),
  /** Epoch milliseconds of the clock of the machine that wrote it. */
  at: z.number(),
  /** The witness that this destroy began with; null where there was none. */
  witness: z.string().nullable(),
});

const keepsake = z.object({
  format: z.literal(1),
  castle: z.string(),
  witness: witness.optional(),
  /** The nonce of the witness after which the castle was applied to: its rows are no longer all. */
  spent: z.string().optional(),
  passage: passage.optional(),
  /** The witness whose rows a restored database was seen to have: what changed since is the life of the castle. */
  proved: z.object({ nonce: z.string(), run: z.string(), at: z.iso.datetime() }).optional(),
});

export type Witness = z.infer<typeof witness>;
export type WitnessTable = z.infer<typeof table>;
export type Passage = z.infer<typeof passage>;
/** What is kept of a castle across its death. */
export type Keepsake = z.infer<typeof keepsake>;

export const keepsakeForm: Form<Keepsake> = {
  output: 'phoenix_keepsake',
  text: (record) => `${JSON.stringify(record)}\n`,
  parse(text, place) {
    const parsed = keepsake.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw keepsakeError(
      place,
      `What lies there is none that this version writes: ${issue?.path.join('.') || 'the record'}: ${issue?.message ?? 'unknown'}.`,
    );
  },
};

export function keepsakeError(place: string, why: string, cause?: unknown): PhoenixError {
  return new PhoenixError({
    code: 'PHX-KEEPSAKE-STORE',
    class: 'layer',
    what: `What is kept of the castle in ${place} (its witness, and how far a destroy came) cannot be read or written.`,
    why,
    next: 'Put the way to it right and run again. Remove it only where no destroy or rebirth from nothing stopped half-way.',
    cause,
  });
}
