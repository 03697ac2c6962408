/** What is counted after each rebirth of a soak. */
export interface Sample {
  /** Open files: of the one process that runs all, after a rebirth; of a process a rebirth, what it mostly had. */
  readonly fds: number;
  /** Resident memory, after a rebirth; of a process a rebirth, the most it had. */
  readonly rssBytes: number;
  /** Processes of the castle that are still there. */
  readonly processes: number;
  /** Files in the vault's root, and their bytes. */
  readonly ramFiles: number;
  readonly ramBytes: number;
  /** Files in the castle's state home, in the temporary folder, in the repository. */
  readonly homeFiles: number;
  readonly temporaryFiles: number;
  readonly repositoryFiles: number;
}

export type Measure = keyof Sample;

/** How much more the last quarter may have than the first: so many. */
const tolerances: Readonly<Record<Measure, number>> = {
  fds: 2,
  // A heap breathes, by less than a leak of 100 kB a run makes of two hundred of them.
  rssBytes: 12 * 1024 ** 2,
  processes: 0,
  ramFiles: 0,
  ramBytes: 0,
  homeFiles: 2,
  temporaryFiles: 0,
  repositoryFiles: 2,
};

export const measures = Object.keys(tolerances) as Measure[];

export interface Flatness {
  /** Medians of the first and the last quarter after the warm-up. */
  readonly first: number;
  readonly last: number;
  readonly flat: boolean;
}

/** A tenth of the runs, at least three: caches fill, code is compiled. */
export function warmUpOf(runs: number): number {
  return Math.max(3, Math.ceil(runs / 10));
}

/** Looked at from outside, what a short-lived process had open is what the looks happened to meet. */
const metByChance = 8;

/** `looked`: each sample is what looks from outside met in a process of its own. */
export function flatnessOf(samples: readonly Sample[], looked = false): Readonly<Record<Measure, Flatness>> {
  const steady = samples.slice(warmUpOf(samples.length));
  const quarter = Math.floor(steady.length / 4);
  if (quarter < 1) throw new Error(`${samples.length} runs are too few for a soak`);
  const entries = measures.map((measure) => {
    const values = steady.map((sample) => sample[measure]);
    const [first, last] = [median(values.slice(0, quarter)), median(values.slice(-quarter))];
    const most = looked && measure === 'fds' ? metByChance : tolerances[measure];
    return [measure, { first, last, flat: last - first <= most }] as const;
  });
  return Object.fromEntries(entries) as Record<Measure, Flatness>;
}

/** The lower of the two in the middle, so that a count stays a count. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
}
