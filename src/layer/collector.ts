/**
 * How much a Go program's heap grows before it is collected, in percent of what is alive (GOGC). A start of Terragrunt
 * and of the engine makes tens of megabytes and lets them go; at Go's own 100 a quarter of that time is collection. Not
 * for an engine at work, nor its providers, whose heaps are large: memory is what a runner has least of.
 */
export const collectorPercent = { terragrunt: '800', shortEngine: '400' } as const;

/** For a program that only asks; what the environment says already counts. */
export function collectRarely(
  env: Readonly<Record<string, string>>,
  percent: string,
): Record<string, string> {
  return { GOGC: percent, ...env };
}
