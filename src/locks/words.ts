import { logLine } from '../report/printable.ts';
import { duration } from '../report/words.ts';
import type { LockInfo } from './lock-info.ts';

/** `by root@forge since 2026-11-24T11:03:16Z (3m 12s), OperationTypeApply, ID b1e4…`. */
export function describeLock({ who, created, operation, id }: LockInfo, now: number): string {
  const since = Number.isFinite(created)
    ? `since ${new Date(created).toISOString()} (${duration(Math.max(0, now - created) / 1000)})`
    : 'since an unknown time';
  const text = `by ${who || 'nobody named'} ${since}, ${operation || 'no operation named'}, ID ${id || 'none'}`;
  return logLine(text);
}

export function unlockCommand(unit: string, id: string): string {
  return `cd ${shellWord(unit)} && terragrunt force-unlock -force ${shellWord(id)}`;
}

/** Shows whatever the backend says of the lock; changes nothing. */
export function lookCommand(unit: string): string {
  return `cd ${shellWord(unit)} && terragrunt plan -lock-timeout=0s`;
}

export function fuserCommand(file: string): string {
  return `fuser -v ${shellWord(file)}`;
}

/** Whose session it is; `pg_terminate_backend(pid)` would end it, and the lock with it. */
export const sessionsCommand =
  'psql "$PG_CONN_STR" -c "SELECT a.pid, a.usename, a.client_addr, a.backend_start, a.state_change FROM pg_locks l ' +
  "JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()\"";

/** One word for a POSIX shell, whatever is in it. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) && !text.startsWith('-') ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
