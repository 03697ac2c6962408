import { z } from 'zod';
import { PhoenixError } from '../errors.ts';
import type { Form } from './store.ts';

/** A process, on which machine it lives, and who started it. */
const owner = z.object({
  pid: z.int(),
  startTime: z.string(),
  bootId: z.string(),
  host: z.string(),
  user: z.string(),
  /** Which machine: two may have one name. Empty where the system does not tell. */
  machine: z.string(),
  /** Where the pid counts: two containers of one machine may each have it. */
  pidSpace: z.string(),
});

/** An engine that has ended, and the time in which it took its state's lock (epoch milliseconds of the owner's clock). */
const endedEngine = z.object({ layer: z.string(), from: z.number(), to: z.number() });

/** A run that has left a group: what it had started, and as whom those engines wrote themselves into locks. */
const ended = z.object({
  run: z.string(),
  host: z.string(),
  user: z.string(),
  engines: z.array(endedEngine),
});

/** One of those that hold a castle together: a leg of a workflow run. */
const member = z.object({
  token: z.string().min(1),
  run: z.string(),
  owner,
  url: z.string(),
  fence: z.int().min(1),
  /** One more at each renewal: that is its sign of life, since the record as a whole changes with everybody's. */
  beat: z.int(),
  renewed: z.number(),
  phase: z.string().optional(),
});

/** Who holds a castle, and the last that was heard of it. */
const leaseRecord = z.object({
  format: z.literal(1),
  /** One more at each acquisition: whoever shows a lower one has been overtaken. */
  fence: z.int().min(1),
  /** Which acquisition it is: a run tells its own write by it when the answer to the write was lost; a group's, whose. */
  token: z.string().min(1),
  run: z.string(),
  castle: z.string(),
  owner,
  /** The page of the workflow run; empty outside GitHub. */
  url: z.string(),
  /** What the run was at when it renewed. */
  phase: z.string().optional(),
  /** Epoch milliseconds of the owner's clock: for people only, since no two machines agree on the time. */
  acquired: z.number(),
  renewed: z.number(),
  ttlSeconds: z.number().positive(),
  /** When it was given back, in the same clock; null while it is held. */
  released: z.number().nullable(),
  /** What the run had started, when it gave the castle back: a lock that one of these left is proved dead anywhere. */
  engines: z.array(endedEngine).optional(),
  /** The legs of one workflow run hold the castle together under this name; see members.ts. */
  group: z.string().min(1).optional(),
  members: z.array(member).min(1).optional(),
  /** Members of the group that have left it in order. */
  left: z.array(ended).optional(),
  /** What the holder before the group had ended: its later members never meet that record. */
  before: z.array(ended).optional(),
});

export type EndedEngine = z.infer<typeof endedEngine>;
export type Ended = z.infer<typeof ended>;
export type Member = z.infer<typeof member>;
export type Owner = z.infer<typeof owner>;
export type LeaseRecord = z.infer<typeof leaseRecord>;

function recordText(record: LeaseRecord): string {
  return `${JSON.stringify(record)}\n`;
}

/** The record in `text`. Throws PHX-LEASE-CORRUPT: what cannot be read may be a newer Phoenix' lease, and is left alone. */
function parseRecord(text: string, place: string): LeaseRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw corrupt(place, text.trim() === '' ? 'It is empty.' : 'It is not JSON.', cause);
  }
  const parsed = leaseRecord.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.') || 'the record';
  throw corrupt(place, `It is no lease that this version writes: ${where}: ${issue?.message ?? 'unknown'}.`);
}

export const leaseForm: Form<LeaseRecord> = {
  output: 'phoenix_lease',
  text: recordText,
  parse: parseRecord,
};

export function corrupt(place: string, why: string, cause?: unknown): PhoenixError {
  return new PhoenixError({
    code: 'PHX-LEASE-CORRUPT',
    class: 'layer',
    what: `The lease in ${place} cannot be read.`,
    why: `${why} Leases are written whole or not at all, so something else wrote there, or another version of Phoenix.`,
    next: `See that no rebirth of this castle is running anywhere, then remove ${place} and run again.`,
    cause,
  });
}
