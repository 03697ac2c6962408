import { z } from 'zod';
import type { Witness } from '../keepsake/record.ts';
import type { Database } from '../witness/database.ts';
import { timelineOf } from '../witness/wal.ts';
import { failing, type Judged, passed } from './rungs.ts';

const standing = z.object({
  recovery: z.boolean(),
  replayed: z.string().nullable(),
  wal: z.string().nullable(),
  system: z.string(),
});
export type Standing = z.infer<typeof standing>;

/** Not from the control file: that tells the timeline of the last checkpoint, which may be before the promotion. */
export async function standingOf(database: Pick<Database, 'ask'>): Promise<Standing> {
  const [first] = await database.ask(`SELECT pg_is_in_recovery() AS recovery,
  pg_last_wal_replay_lsn()::text AS replayed,
  CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_walfile_name(pg_current_wal_insert_lsn()) END AS wal,
  (SELECT system_identifier::text FROM pg_control_system()) AS system`);
  return standing.parse(first);
}

/**
 * V2: whether the database is up for good, and the one that was destroyed. `restored`: it must have come from a backup, so
 * its timeline must be a later one.
 */
export function judgeStanding(
  { recovery, replayed, wal, system }: Standing,
  former: Pick<Witness, 'timeline' | 'system'> | undefined,
  restored: boolean,
): Judged {
  if (former !== undefined && system !== former.system) {
    const seen = `system identifier ${system}`;
    return failing('PHX-DB-OTHER', {
      seen,
      why: `Its system identifier is ${system}, and that of the destroyed one was ${former.system}: another database was made in its place, or another backup was restored.`,
      next: 'Stop what writes into it, and restore the backup of the former one: the stanza, the bucket and repo1-path must be its own.',
      passes: false,
    });
  }
  if (recovery || wal === null) {
    const seen = `in recovery, replayed up to ${replayed ?? 'nothing'}`;
    return failing('PHX-DB-RECOVERY', {
      seen,
      why: `It answers and is still in recovery; its WAL is replayed up to ${replayed ?? 'nothing'}.`,
      next: "See the server's log: a segment that the archive lacks, a recovery target that is never reached, or a standby.signal keeps it so.",
      passes: true,
    });
  }
  const timeline = timelineOf(wal);
  const seen = `out of recovery on timeline ${timeline}, system identifier ${system}`;
  if (former !== undefined && (timeline < former.timeline || (restored && timeline === former.timeline))) {
    return failing('PHX-DB-OTHER', {
      seen,
      why: `It is on timeline ${timeline}, and the destroyed one was on ${former.timeline}: a restore to the end of the WAL ends on a later one.`,
      next: 'See how it came up: from a copy of its files, or from a backup without its WAL.',
      passes: false,
    });
  }
  return passed(former === undefined ? seen : `${seen}; before: ${former.timeline}`);
}
