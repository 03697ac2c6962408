/** Figures of a row of numbers. */
export interface Spread {
  readonly count: number;
  readonly least: number;
  readonly median: number;
  /** The smallest that 95 % of them do not pass. */
  readonly p95: number;
  readonly most: number;
}

/** Undefined where there are no numbers. */
export function spread(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[Math.min(sorted.length - 1, Math.max(0, index))] ?? 0;
  const { length } = sorted;
  if (length === 0) return undefined;
  return {
    count: length,
    least: at(0),
    median: (at(Math.floor((length - 1) / 2)) + at(Math.ceil((length - 1) / 2))) / 2,
    p95: at(Math.ceil(length * 0.95) - 1),
    most: at(length - 1),
  };
}

/** `3 % over`, `2 % under`, `as` its usual time. */
export function againstMedian(value: number, median: number): string {
  const share = median === 0 ? 0 : Math.round((value / median - 1) * 100);
  if (share === 0) return 'as the median';
  return `${Math.abs(share)} % ${share > 0 ? 'over' : 'under'} the median`;
}
