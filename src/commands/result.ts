import type { PlacedFinding } from '../doctor/check.ts';
import type { PhoenixError } from '../errors.ts';
import type { Report } from '../report/schema.ts';

/** What a command ends with; the edges show it each in their way. */
export interface CommandResult {
  readonly exitCode: number;
  /** For `--json`. */
  readonly json: unknown;
  /** For people. */
  text(options: { readonly color: boolean; readonly width: number }): string;
  readonly report?: Report;
  /** The file of the report's page, as it was asked for; absent where none was written. */
  readonly page?: string;
  /** What a command without a report gives to the Action: its outputs, and its job summary as markdown. */
  readonly outputs?: Readonly<Record<string, string>>;
  readonly summary?: string;
  /** The error that decided. */
  readonly error?: PhoenixError;
  /** Every error of the run, where there may be several; `error` is one of them. */
  readonly errors?: readonly PhoenixError[];
  /** What was found in files, worst first: the Action shows each at its place. */
  readonly findings?: readonly PlacedFinding[];
  /** What people should know of a run whatever its verdict; the log has said it already. */
  readonly cautions?: readonly string[];
}
