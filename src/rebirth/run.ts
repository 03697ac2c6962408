import type { Castle } from '../castle/load.ts';
import type { PhoenixError } from '../errors.ts';
import type { Journal } from '../journal/journal.ts';
import type { Log } from '../log.ts';
import type { Ledger } from '../report/ledger.ts';
import type { Redactor } from '../vault/redact.ts';
import type { Vault } from '../vault/vault.ts';

/** What every part of one rebirth shares. Made once, at the start; nothing in it is replaced later. */
export interface Run {
  readonly id: string;
  /** See journal/home.ts: what this machine keeps of the castle's runs. */
  readonly home: string;
  readonly journal: Journal;
  /** Those that this run holds the castle together with (lease/group.ts); undefined: it has the castle to itself. */
  readonly group?: string | undefined;
  /** Whether the run is cancelled and leaves what is under way to the step that comes after. */
  readonly handsOver: () => boolean;
  readonly castle: Castle;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly ledger: Ledger;
  readonly redactor: Redactor;
  readonly vault: Vault;
  /** See state-dir.ts: what outlives the run and holds no secret. */
  readonly stateDir: string;
  /** Stops the run as a cancel does, for `error`'s sake. */
  readonly stop: (error: PhoenixError) => void;
  /** Aborted when the user cancels, or when something dies that the run stands on. */
  readonly signal: AbortSignal;
  /** When the tools were ready, in the ledger's seconds: milestones count from here, since a first run installs for minutes. */
  readonly toolsReady: number;
  /** What layers are told of the trace beside their own span (otel/send.ts); undefined in it: nothing is traced. */
  readonly tracing?: Promise<Readonly<Record<string, string>> | undefined>;
  /** Folders beside the castle's own that the leak audit looks through. */
  readonly auditRoots: readonly string[];
}
