import type { Log } from './log.ts';
import type { Redactor } from './vault/redact.ts';

/** What an edge (CLI, Action) gives to a command: the outside world, so that commands touch no global. */
export interface Edge {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly log: Log;
  readonly redactor: Redactor;
  readonly signal: AbortSignal;
  readonly fetch: typeof fetch;
  /** Phoenix' own folder, where the reference castle lies. */
  readonly home: string;
  /** Arguments that start Phoenix itself again: the program, then the bundle. */
  readonly self: readonly string[];
  /** Told the run's vault before anything is written to it, so that a clean-up can find it. */
  readonly onVault: (dir: string) => void;
}
