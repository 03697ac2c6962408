import { z } from 'zod';
import { parseJson } from '../json.ts';
import { failing, type Judged, passed } from './rungs.ts';

const status = z.object({ code: z.int(), message: z.string() });

/** The part of `pgbackrest info --output=json` that is read; times are epoch seconds of the database's machine. */
const stanzas = z.array(
  z.object({
    name: z.string(),
    status,
    archive: z.array(z.object({ id: z.string(), min: z.string().nullable(), max: z.string().nullable() })),
    backup: z.array(
      z.object({
        label: z.string(),
        type: z.enum(['full', 'diff', 'incr']),
        error: z.boolean().nullish(),
        timestamp: z.object({ start: z.number(), stop: z.number() }),
      }),
    ),
    repo: z.array(z.object({ key: z.int(), status })).default([]),
  }),
);

const next = {
  ask: 'See that `database.backup` of the castle file names the pod and the container with pgBackRest, and run its command there by hand.',
  make: 'Make the stanza and take a full backup (pgbackrest --stanza=STANZA stanza-create, then backup --type=full).',
  again: 'Take a backup, and see why the last ones were not taken or are not whole.',
} as const;

/** V0: whether the repository has a stanza with a full backup, and a newest one that is whole and young enough. */
export function judgeBackups(
  text: string,
  {
    stanza,
    maxAgeSeconds,
    nowMs,
  }: { readonly stanza: string; readonly maxAgeSeconds: number; readonly nowMs: number },
): Judged {
  const fails = (why: string, step: string, passes: boolean, seen = why) =>
    failing('PHX-DB-BACKUP', { seen, why, next: step, passes });
  const parsed = stanzas.safeParse(parseJson(text));
  if (!parsed.success) {
    const said = text.trim().split('\n').at(-1) || 'nothing';
    return fails(`pgBackRest gave no information that can be read. It printed: ${said}`, next.ask, false);
  }
  const found = parsed.data.find(({ name }) => name === stanza);
  if (found === undefined) {
    const known = parsed.data.map(({ name }) => name).join(', ') || 'none';
    return fails(`The repository has no stanza ${stanza}; it has ${known}.`, next.make, false);
  }
  const { code, message } = found.status;
  if (code !== 0) {
    const causes = found.repo.filter((repo) => repo.status.code !== 0).map((repo) => repo.status.message);
    const shown = [message, ...causes.filter((cause) => cause !== message)].join(': ');
    const away = isAway(shown);
    const why = `pgBackRest says of stanza ${stanza}: ${shown} (status ${code}).`;
    return fails(why, away ? 'Bring the repository of the backups within reach.' : next.make, away);
  }
  const [newest] = found.backup.toSorted((a, b) => b.timestamp.stop - a.timestamp.stop);
  const full = found.backup.some(({ type }) => type === 'full');
  if (newest === undefined || !full) return fails(`Stanza ${stanza} has no full backup.`, next.make, false);
  const ageSeconds = Math.max(0, Math.round(nowMs / 1000 - newest.timestamp.stop));
  const wal = found.archive.at(-1)?.max ?? null;
  const seen = `${newest.label} (${newest.type}), ${ageSeconds} s old, ${found.backup.length} in all; WAL up to ${wal ?? 'none'}`;
  if (newest.error === true)
    return fails(
      `Its newest backup ${newest.label} holds pages with wrong checksums.`,
      next.again,
      false,
      seen,
    );
  if (wal === null) return fails(`Stanza ${stanza} has no archived WAL.`, next.again, true, seen);
  if (ageSeconds > maxAgeSeconds) {
    const why = `Its newest backup ${newest.label} is ${ageSeconds} s old; at most ${maxAgeSeconds} s are allowed (database.backup.max-age).`;
    return fails(why, next.again, false, seen);
  }
  return passed(seen);
}

/** Words of a repository that does not answer, against those of one that says no. */
function isAway(text: string): boolean {
  return /HostConnectError|unable to (?:connect|get address)|timeout|Connection re|\[11[013]\]/i.test(text);
}
