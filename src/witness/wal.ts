/** A WAL segment's name: timeline, log, segment; 24 hex digits, upper case. What else is archived has an ending. */
const segment = /^[0-9A-F]{24}$/;

export function timelineOf(wal: string): number {
  return Number.parseInt(wal.slice(0, 8), 16);
}

/**
 * Whether `wal` is archived where `last` is what was archived last. Segments of one timeline go in the order of their
 * names, so a later one proves the earlier. A history or backup file may overtake the segment it is named after, and
 * another timeline says nothing of this one.
 */
export function isArchived(wal: string, last: string | null): boolean {
  if (last === null || last.slice(0, 8) !== wal.slice(0, 8)) return false;
  if (segment.test(last)) return last >= wal;
  // `SEGMENT.OFFSET.backup` of a later segment: the archiver took all before that one first.
  return last.endsWith('.backup') && segment.test(last.slice(0, 24)) && last.slice(0, 24) > wal;
}
