import type { Log } from './log.ts';
import type { Printed } from './vault/printed.ts';
import type { Redactor } from './vault/redact.ts';

/** What an edge (CLI, Action) gives to a command: the outside world, so that commands touch no global. */
export interface Edge {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly log: Log;
  readonly redactor: Redactor;
  /** What this process has printed; kept in the vault once there is one. */
  readonly printed: Pick<Printed, 'keepIn' | 'leave'>;
  readonly signal: AbortSignal;
  readonly fetch: typeof fetch;
  /** Phoenix' own folder, where the reference castle lies. */
  readonly home: string;
  /** Arguments that start Phoenix itself again: the program, then the bundle. */
  readonly self: readonly string[];
  /** Told the folder of the run's journal before the run does anything, so that a clean-up can find it. */
  readonly onRun: (dir: string) => void;
  /**
   * What a cancelled run does with what is still under way: end it in order, or leave it to the step that comes after.
   * A runner kills this process ten seconds after it asked it to stop, but gives the post step minutes.
   */
  readonly onCancel: 'drain' | 'hand-over';
}
