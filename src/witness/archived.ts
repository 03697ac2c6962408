import { z } from 'zod';
import { PhoenixError } from '../errors.ts';
import type { Time } from '../lease/time.ts';
import type { Database } from './database.ts';
import { isArchived, timelineOf } from './wal.ts';

const row = z.object({
  last: z.string().nullable(),
  failed: z.string().nullable(),
  failures: z.coerce.number(),
  failedAt: z.date().nullable(),
});

/** What PostgreSQL counts of its archiver. */
export type Archiver = z.infer<typeof row>;

export async function archiver(database: Pick<Database, 'ask'>): Promise<Archiver> {
  const [first] = await database.ask(
    'SELECT last_archived_wal AS last, last_failed_wal AS failed, failed_count AS failures, last_failed_time AS "failedAt" FROM pg_stat_archiver',
  );
  return row.parse(first);
}

const pauseMs = 500;

/**
 * Waits until `wal` is archived; gives how often the archiver failed meanwhile. It tries again by itself, so a failure
 * alone ends nothing. Throws PHX-WITNESS-NOT-ARCHIVED with the last failure, or that there was none: then it is too slow.
 */
export async function awaitArchived(
  ask: () => Promise<Archiver>,
  { wal, before }: { readonly wal: string; readonly before: Archiver },
  {
    withinSeconds,
    time,
    signal,
  }: { readonly withinSeconds: number; readonly time: Time; readonly signal: AbortSignal },
): Promise<{ readonly failures: number }> {
  const deadline = time.now() + withinSeconds * 1000;
  for (;;) {
    const now = await ask();
    const failures = Math.max(0, now.failures - before.failures);
    if (isArchived(wal, now.last)) return { failures };
    if (time.now() + pauseMs > deadline) throw notArchived(wal, withinSeconds, now, before);
    await time.sleep(pauseMs, signal, false);
  }
}

function notArchived(wal: string, withinSeconds: number, now: Archiver, before: Archiver): PhoenixError {
  const rose = now.failures > before.failures;
  const failure =
    now.failed === null
      ? 'It counts no failure yet: what it archives with is still at it'
      : `Its last failure was ${now.failed}${now.failedAt === null ? '' : ` at ${now.failedAt.toISOString()}`}, ${rose ? `${now.failures - before.failures} since the witness was written` : 'before the witness was written'}`;
  const other =
    now.last !== null && /^[0-9A-F]{8}/.test(now.last) && timelineOf(now.last) !== timelineOf(wal)
      ? ', which is of another timeline'
      : '';
  return new PhoenixError({
    code: 'PHX-WITNESS-NOT-ARCHIVED',
    class: 'cluster',
    what: 'The backup does not have the witness: nothing was destroyed.',
    why: `It is in WAL segment ${wal}, which was not archived within ${withinSeconds} s. PostgreSQL archived last ${now.last ?? 'nothing'}${other}. ${failure}.`,
    next: "See the server's log for what its archive_command says (for pgBackRest: `pgbackrest --stanza=STANZA check`), put that right, and run again. `--without-witness` destroys what is not backed up.",
  });
}
