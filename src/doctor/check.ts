import type { Castle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import type { PhoenixError } from '../errors.ts';
import { whatAndWhere } from '../errors.ts';
import { castleHome } from '../journal/home.ts';
import type { Planned } from './planned.ts';

export const statuses = ['ok', 'warning', 'failed', 'skipped'] as const;
export type Status = (typeof statuses)[number];

/** What a check saw. `failed`: a rebirth would not end well; `warning`: it may, and somebody should know. */
export interface Finding {
  readonly status: Status;
  /** One sentence without a full stop; of a skipped check, why nothing was looked at. */
  readonly saw: string;
  /** Where it is more to the point than the check's own. */
  readonly why?: string;
  /** The next move; every warning and failure has one. */
  readonly next?: string;
  readonly at?: PhoenixError['at'];
  /** What it consists of, where that is more than one thing: each with a place of its own. */
  readonly findings?: readonly PlacedFinding[];
}

/** One thing in a file that should be changed. */
export interface PlacedFinding {
  readonly rule: string;
  readonly severity: 'error' | 'warning';
  /** As people are shown it; lines and columns count from 1. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Sentences with their full stops. */
  readonly what: string;
  readonly why: string;
  readonly fix: string;
}

/** What is examined. */
export interface Subject {
  readonly edge: Edge;
  readonly castleFile: string;
  /** Why there is no castle, where the file does not load. */
  readonly castle: Castle | PhoenixError;
  /** The castle's plan, made once for all checks; a finding where it cannot be made. Throws as planning does. */
  readonly planned: () => Promise<Planned | Finding>;
  /** Aborted at the check's deadline. */
  readonly signal: AbortSignal;
}

export interface Check {
  /** `GROUP.NAME`; both can be asked for by `--only`. */
  readonly id: string;
  /** Why it matters, for people who meet it for the first time. */
  readonly why: string;
  /** Looks and changes nothing. What it throws becomes its failure. */
  look(subject: Subject): Promise<Finding>;
}

export const ok = (saw: string): Finding => ({ status: 'ok', saw });
export const warning = (saw: string, next: string): Finding => ({ status: 'warning', saw, next });
export const failed = (saw: string, next: string): Finding => ({ status: 'failed', saw, next });
export const skipped = (saw: string): Finding => ({ status: 'skipped', saw });

/** The error that a rebirth would end with. */
export function failedBy(error: PhoenixError): Finding {
  const { at, why, next, code } = error;
  return {
    status: 'failed',
    saw: `${code}: ${whatAndWhere(error)}`,
    why,
    next,
    ...(at === undefined ? {} : { at }),
  };
}

/** A look at the castle and at what this machine keeps of it; skipped where the castle file does not load. */
export function ofCastle(
  look: (castle: Castle, home: string, subject: Subject) => Promise<Finding>,
): Check['look'] {
  return async (subject) => {
    const { castle, edge } = subject;
    if (castle instanceof Error) return skipped(`the castle file does not load (${castle.code})`);
    return look(castle, castleHome(castle, edge.env), subject);
  };
}

/** `one, two, three and 4 more`: a line must stay a line. */
export function listed(items: readonly string[]): string {
  const shown = items.slice(0, 3);
  const more = items.length - shown.length;
  return more === 0 ? shown.join(', ') : `${shown.join(', ')} and ${more} more`;
}
