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
  readonly error?: PhoenixError;
}
