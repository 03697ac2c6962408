import { z } from 'zod';
import { parseJson } from '../json.ts';

/** A state lock as OpenTofu and Terraform describe it (internal/states/statemgr/locker.go). */
export interface LockInfo {
  /** What `force-unlock` asks for; '' where the backend tells none. */
  readonly id: string;
  readonly path: string;
  /** `OperationTypeApply`, `state-rm` … */
  readonly operation: string;
  /** `user@host`. */
  readonly who: string;
  readonly version: string;
  /** Epoch milliseconds by the holder's clock; NaN where it cannot be read. */
  readonly created: number;
  readonly info: string;
}

/** As it is stored: the local `.NAME.lock.info`, S3's `.tflock` object, a 423's body, a Lease's annotation. */
const stored = z.object({
  ID: z.string().default(''),
  Operation: z.string().default(''),
  Info: z.string().default(''),
  Who: z.string().default(''),
  Version: z.string().default(''),
  Created: z.string().default(''),
  Path: z.string().default(''),
});

export function parseStoredLock(text: string): LockInfo | undefined {
  const parsed = stored.safeParse(parseJson(text));
  return parsed.success ? lockOf(parsed.data) : undefined;
}

const fields = ['ID', 'Path', 'Operation', 'Who', 'Version', 'Created', 'Info'] as const;

/**
 * The first lock that an engine's output tells of: its plain text, its `-json` diagnostics, or either with a wrapper's
 * marks before each line. Undefined where there is none, or none that is whole: a block with a field missing or twice
 * (a value with a line break in it) is not taken for a lock that it may not be.
 */
export function findLock(output: string): LockInfo | undefined {
  const lines = output.split('\n').flatMap(unwrapped);
  const start = lines.findIndex((line) => /\bLock Info:\s*$/.test(line));
  if (start < 0) return undefined;
  const values: string[] = [];
  for (const [index, name] of fields.entries()) {
    const value = new RegExp(`(?:^|[\\s│])${name}:(?:\\s+(.*?))?\\s*$`).exec(lines[start + 1 + index] ?? '');
    if (value === null) return undefined;
    values.push(value[1] ?? '');
  }
  const [ID = '', Path = '', Operation = '', Who = '', Version = '', Created = '', Info = ''] = values;
  return lockOf({ ID, Path, Operation, Who, Version, Created, Info });
}

/** A line of JSON as the lines of text that it carries; any other line as it is. */
function unwrapped(line: string): string[] {
  const text = line.trimStart();
  if (!text.startsWith('{')) return [line.trimEnd()];
  const carried = z
    .union([
      z
        .object({ diagnostic: z.object({ detail: z.string() }) })
        .transform(({ diagnostic }) => diagnostic.detail),
      z.object({ msg: z.string() }).transform(({ msg }) => msg),
    ])
    .safeParse(parseJson(text));
  return carried.success ? carried.data.split('\n') : [line.trimEnd()];
}

function lockOf(lock: z.infer<typeof stored>): LockInfo {
  return {
    id: lock.ID,
    path: lock.Path,
    operation: lock.Operation,
    who: lock.Who,
    version: lock.Version,
    created: parseTime(lock.Created),
    info: lock.Info,
  };
}

/** RFC 3339 as in JSON, or Go's own way of printing a time: `2026-11-24 11:03:16.429800793 +0000 UTC`. */
function parseTime(text: string): number {
  const go = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)? ([+-]\d\d)(\d\d)(?: |$)/.exec(text);
  if (go === null)
    return /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  const [, day, clock, fraction = '', hours, minutes] = go;
  return Date.parse(`${day}T${clock}${fraction.slice(0, 4)}${hours}:${minutes}`);
}
