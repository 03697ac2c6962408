import type { Ended, EndedEngine, LeaseRecord, Member, Owner } from './record.ts';

/** Whether those of `group` hold the record now. */
export function isOf(record: LeaseRecord, group: string | undefined): boolean {
  return group !== undefined && record.group === group && record.members !== undefined;
}

/** The record with one member more, who gets the next fence. */
export function joined(record: LeaseRecord, newcomer: Omit<Member, 'fence'>): LeaseRecord {
  const fence = record.fence + 1;
  return withMembers({ ...record, fence }, [...(record.members ?? []), { ...newcomer, fence }]);
}

/**
 * The first member's record, after `before`. What had ended by then goes with it. Its token is the group's own and that
 * of no other time that it holds the castle: a first member that another's overwrote finds the same one there.
 */
export function founded(
  record: LeaseRecord,
  group: string,
  founder: Omit<Member, 'fence'>,
  before: LeaseRecord | undefined,
): LeaseRecord {
  const again = before?.group === group;
  const left = again ? (before.left ?? []) : [];
  const earlier = again ? (before.before ?? []) : before === undefined ? [] : ownEnded(before);
  return withMembers(
    {
      ...record,
      token: `${group}#${record.fence}`,
      group,
      ...(left.length === 0 ? {} : { left }),
      ...(earlier.length === 0 ? {} : { before: earlier }),
    },
    [{ ...founder, fence: record.fence }],
  );
}

/** The record with `change` made to the member that has `token`; the same where there is none. */
export function changed(record: LeaseRecord, token: string, change: Partial<Member>): LeaseRecord {
  const { members = [] } = record;
  return withMembers(
    record,
    members.map((each) => (each.token === token ? { ...each, ...change, beat: each.beat + 1 } : each)),
  );
}

/** The record without the member that has `token`; given back where it was the last. */
export function without(
  record: LeaseRecord,
  token: string,
  engines: readonly EndedEngine[],
  wall: number,
): LeaseRecord {
  const { members = [], left = [] } = record;
  const gone = members.filter((each) => each.token === token);
  const noted = gone.flatMap(({ run, owner: { host, user } }): Ended[] =>
    engines.length === 0 ? [] : [{ run, host, user, engines: [...engines] }],
  );
  const all = [...left, ...noted];
  const next = all.length === 0 ? record : { ...record, left: all };
  const others = members.filter((each) => each.token !== token);
  if (others.length > 0) return withMembers(next, others);
  const { members: _, ...rest } = next;
  return { ...rest, released: wall };
}

/**
 * The record with the member that `known` has as `token`, and it no more. Only while the same group has held the castle
 * without a break, and nobody goes on with that run's work: else its part is gone by right.
 */
export function returned(record: LeaseRecord, known: LeaseRecord, token: string): LeaseRecord | undefined {
  const { members, released } = record;
  const own = known.members?.find((each) => each.token === token);
  if (members === undefined || released !== null || own === undefined) return undefined;
  if (record.token !== known.token || members.some(({ run }) => run === own.run)) return undefined;
  return withMembers({ ...record, fence: Math.max(record.fence, own.fence) }, [...members, own]);
}

/** Every engine that `record` proves to have ended. */
export function endedIn(record: LeaseRecord): Ended[] {
  return [...ownEnded(record), ...(record.before ?? [])];
}

/** A run that holds the castle alone has written its engines before it gave it back, while some of them still ran. */
function ownEnded({ run, owner, released, engines, left = [] }: LeaseRecord): Ended[] {
  if (released === null || engines === undefined) return left;
  return [{ run, host: owner.host, user: owner.user, engines }, ...left];
}

/**
 * The members, and their first one's face above them, for people and for a Phoenix that knows no members: the face's
 * process cannot be judged by it (no machine, no pids that count), so it goes by the renewals, which are everybody's.
 */
function withMembers(record: LeaseRecord, members: Member[]): LeaseRecord {
  const [first] = members;
  if (first === undefined) return record;
  const { phase: _, ...rest } = record;
  const { run, url, phase } = first;
  return {
    ...rest,
    run,
    owner: faceOf(first.owner),
    url,
    ...(phase === undefined ? {} : { phase }),
    renewed: Math.max(...members.map(({ renewed }) => renewed)),
    members,
  };
}

function faceOf(owner: Owner): Owner {
  return { ...owner, machine: '', pidSpace: 'shared' };
}
