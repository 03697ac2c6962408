const units: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 };

/** Seconds of a duration as Go writes it, such as `1h` or `10m0s`; undefined for what is none. */
export function goSeconds(text: string): number | undefined {
  // Of more digits each would be begun with again.
  if (text.length > 100) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  if (parts.map(([part]) => part).join('') !== text || parts.length === 0) return undefined;
  return parts.reduce((sum, [, count, unit = 's']) => sum + Number(count) * (units[unit] ?? 0), 0);
}
