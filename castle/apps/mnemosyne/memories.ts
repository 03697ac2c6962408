import type { Client as PgClient } from 'pg';
import type { Database } from './database.ts';

export interface Memory {
  /** PostgreSQL's bigint, as decimal digits. */
  readonly id: string;
  readonly at: Date;
  readonly text: string;
  readonly tags: readonly string[];
  /** sha256 of the text, in hexadecimal. */
  readonly hash: string;
}

export interface Stats {
  readonly memories: number;
  readonly last: Date | null;
}

/** Asked before it is made: where it is there, a role without the right to make tables can still serve. */
export async function prepareMemories(client: PgClient): Promise<void> {
  const { rows } = await client.query<{ there: boolean }>(
    `select to_regclass('public.memories') is not null as there`,
  );
  if (rows[0]?.there === true) return;
  await client.query(`create table if not exists public.memories (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    text text not null,
    tags text[] not null default '{}',
    hash text not null
  )`);
}

export async function remember(database: Database, text: string, tags: readonly string[]): Promise<Memory> {
  const [made] = await database.query<Memory>(
    `insert into public.memories (text, tags, hash)
     values ($1, $2, encode(sha256(convert_to($1, 'UTF8')), 'hex'))
     returning id, at, text, tags, hash`,
    [text, tags],
  );
  if (made === undefined) throw new Error('PostgreSQL gave no row back for what it inserted');
  return made;
}

/** Those whose text holds the words, or the query as it stands, or that bear it as a tag; the newest first. */
export function recall(database: Database, query: string, limit: number): Promise<Memory[]> {
  return database.query<Memory>(
    `select id, at, text, tags, hash from public.memories
     where to_tsvector('simple', text) @@ websearch_to_tsquery('simple', $1)
        or strpos(lower(text), lower($1)) > 0
        or $1 = any(tags)
     order by at desc, id desc limit $2`,
    [query, limit],
  );
}

/** Whether there was such a memory. */
export async function forget(database: Database, id: string): Promise<boolean> {
  const gone = await database.query('delete from public.memories where id = $1 returning id', [id]);
  return gone.length > 0;
}

export async function stats(database: Database): Promise<Stats> {
  const [row] = await database.query<{ memories: string; last: Date | null }>(
    'select count(*) as memories, max(at) as last from public.memories',
  );
  return { memories: Number(row?.memories ?? 0), last: row?.last ?? null };
}
