/** How often in a row a probe looked good, and how often that broke off. */
export interface Streak {
  readonly inARow: number;
  /** Times that a bad look followed a good one. */
  readonly flaps: number;
}

export const noStreak: Streak = { inARow: 0, flaps: 0 };

export function next({ inARow, flaps }: Streak, good: boolean): Streak {
  if (good) return { inARow: inARow + 1, flaps };
  return { inARow: 0, flaps: inARow > 0 ? flaps + 1 : flaps };
}
