import { diagnose } from './diagnose.ts';
import type { Diagnostic } from './events.ts';
import type { RetryClass } from './signatures/signature.ts';

export { type RetryClass, retryClasses } from './signatures/signature.ts';

/** The class of a failure by what the engine and Terragrunt said; undefined for one that will not pass by itself. */
export function classifyFailure(
  diagnostics: readonly Diagnostic[],
  otherText: string,
): RetryClass | undefined {
  return diagnose(diagnostics, otherText)?.signature.retry;
}

/** Seconds to wait before attempt `attempt` (2, 3 …): 2, 4, 8 … at most 30, spread by `random` (0…1) over ±25 %. */
export function backoffSeconds(attempt: number, random: number): number {
  return Math.min(30, 2 ** (attempt - 1)) * (0.75 + random / 2);
}
