import { changed, returned, without } from './members.ts';
import type { EndedEngine, LeaseRecord } from './record.ts';

/** What a holder tells with each renewal. */
export interface Told {
  readonly phase?: string;
  readonly engines?: readonly EndedEngine[];
}

/** A holder's part of a record: the whole of it, or one member's entry. */
export interface Seat {
  /** Others write to the same record by right, so a write that came too late is tried again on what they wrote. */
  readonly shared: boolean;
  isIn(record: LeaseRecord): boolean;
  /** The record with a new sign of life. */
  renewed(record: LeaseRecord, told: Told, wall: number): LeaseRecord;
  /** The record after the holder has given its part back. */
  left(record: LeaseRecord, told: Told, wall: number): LeaseRecord;
  /**
   * `record` with the part back that `known` still had: undefined where it is gone by right. Some servers look at a
   * condition first and write a moment later, so of two writes at once both are taken and the first is overwritten.
   */
  returned(record: LeaseRecord, known: LeaseRecord): LeaseRecord | undefined;
  /** Milliseconds before a write is tried again that another was quicker than: everybody of a group waits differently. */
  pause(record: LeaseRecord, tries: number): number;
}

/** A run that has the castle to itself. */
export function soleSeat(token: string): Seat {
  const withTold = (record: LeaseRecord, { phase, engines }: Told): LeaseRecord => ({
    ...record,
    ...(phase === undefined ? {} : { phase }),
    ...(engines === undefined ? {} : { engines: [...engines] }),
  });
  return {
    shared: false,
    isIn: (record) => record.token === token && record.released === null,
    renewed: (record, told, wall) => ({ ...withTold(record, told), renewed: wall }),
    left: (record, told, wall) => ({ ...withTold(record, told), released: wall }),
    returned: () => undefined,
    pause: () => 0,
  };
}

/** One of those that hold the castle together. */
export function memberSeat(token: string): Seat {
  const place = ({ members = [] }: LeaseRecord) => members.findIndex((each) => each.token === token);
  return {
    shared: true,
    isIn: (record) => place(record) >= 0,
    renewed: (record, { phase }, wall) =>
      changed(record, token, { renewed: wall, ...(phase === undefined ? {} : { phase }) }),
    left: (record, { engines = [] }, wall) => without(record, token, engines, wall),
    returned: (record, known) => returned(record, known, token),
    pause: (record, tries) => Math.min(500, ((place(record) + 2) % 16) * 10 + tries * 10),
  };
}
