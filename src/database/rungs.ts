import { PhoenixError } from '../errors.ts';

/** The rungs by which a database is proved to be back, in their order; see docs/database.md. */
export const rungNames = ['V0', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'] as const;
export type RungName = (typeof rungNames)[number];

export const rungVerdicts = ['passed', 'failed', 'skipped'] as const;

/** From when to when a restore ran: moments by the cluster's clock, which tells whole seconds. */
export interface Ran {
  readonly started: string;
  readonly ended: string;
}

/** What a look at one rung came to; `ran` of V1 alone. */
export type Judged =
  | { readonly is: 'passed'; readonly seen: string; readonly ran?: Ran }
  | { readonly is: 'skipped'; readonly reason: string }
  | {
      readonly is: 'failed';
      readonly seen: string;
      readonly error: PhoenixError;
      /** Whether it may come right by itself, so that waiting makes sense. */
      readonly passes: boolean;
    };

export interface Rung {
  readonly rung: RungName;
  readonly is: (typeof rungVerdicts)[number];
  /** What was seen; empty where nothing was looked at. */
  readonly seen: string;
  /** Why it failed or was skipped; null where it passed. */
  readonly reason: string | null;
}

const words = {
  'PHX-DB-BACKUP': 'The database has no backup that will do.',
  'PHX-DB-NOTHING': 'Nothing of the database was looked at.',
  'PHX-DB-RESTORE': 'The database is not restored from its backup.',
  'PHX-DB-UNREACHABLE': 'The database cannot be asked.',
  'PHX-DB-RECOVERY': 'The database is not out of recovery.',
  'PHX-DB-OTHER': 'The database is not the one that was destroyed.',
  'PHX-DB-WITNESS': 'What is kept of the former life of the database is not genuine.',
  'PHX-DB-RPO': 'The database came back without its last rows.',
  'PHX-DB-CONTENT': 'The database came back with another content.',
  'PHX-DB-ARCHIVE': 'The database does not archive what is written now.',
  'PHX-DB-APP': 'The application cannot work with the database.',
} as const;

/** A rung that fails. `why` is told as its reason. */
export function failing(
  code: keyof typeof words,
  {
    seen,
    why,
    next,
    passes,
    cause,
  }: {
    readonly seen: string;
    readonly why: string;
    readonly next: string;
    readonly passes: boolean;
    readonly cause?: unknown;
  },
): Extract<Judged, { is: 'failed' }> {
  const error = new PhoenixError({ code, class: 'verify', what: words[code], why, next, cause });
  return { is: 'failed', seen, error, passes };
}

export function passed(seen: string): Extract<Judged, { is: 'passed' }> {
  return { is: 'passed', seen };
}

export function skipped(reason: string): Judged {
  return { is: 'skipped', reason };
}

export function rungOf(rung: RungName, judged: Judged): Rung {
  switch (judged.is) {
    case 'passed':
      return { rung, is: 'passed', seen: judged.seen, reason: null };
    case 'skipped':
      return { rung, is: 'skipped', seen: '', reason: judged.reason };
    case 'failed':
      return { rung, is: 'failed', seen: judged.seen, reason: judged.error.why };
  }
}

/** The rungs from the ground up to `upTo`. */
export function rungsUpTo(upTo: RungName): readonly RungName[] {
  return rungNames.slice(0, rungNames.indexOf(upTo) + 1);
}
