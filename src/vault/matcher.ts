/** Looks for many patterns at once. */
export interface Matcher {
  /** Bytes of the longest pattern; 0 where there is none. */
  readonly longest: number;
  /** Tells every place in the first `end` bytes where a pattern stands, overlapping ones too, in no order. */
  scan(bytes: Buffer, end: number, hit: (pattern: number, at: number) => void): void;
}

/** Patterns of at least so many bytes form a group of their own, so that a short one does not slow down the rest. */
const groups = [24, 12, 4] as const;
const longestWindow = 32;
const mostBits = 18;

/**
 * Wu and Manber, "A fast algorithm for multi-pattern searching" (1994): only the last few bytes of a window are hashed,
 * and where no pattern has them, the window jumps. Most of a log is never looked at, however many the secrets are.
 * Patterns are of 4 bytes or more.
 */
export function createMatcher(patterns: readonly Buffer[]): Matcher {
  const searches = groups.flatMap((least, index) => {
    const below = groups[index - 1] ?? Number.POSITIVE_INFINITY;
    const ids = patterns.flatMap(({ length }, id) => (length >= least && length < below ? [id] : []));
    return ids.length === 0 ? [] : [createSearch(patterns, ids)];
  });
  return {
    longest: patterns.reduce((longest, { length }) => Math.max(longest, length), 0),
    scan(bytes, end, hit) {
      for (const search of searches) search(bytes, end, hit);
    },
  };
}

function createSearch(patterns: readonly Buffer[], ids: readonly number[]): Matcher['scan'] {
  const members = ids.map((id) => patterns[id] ?? Buffer.alloc(0));
  const shortest = members.reduce((least, { length }) => Math.min(least, length), longestWindow);
  const block = shortest < 8 ? 3 : 4;
  const jump = shortest - block + 1;
  const wanted = Math.ceil(Math.log2(members.length * jump * 8));
  const shiftBits = 32 - Math.min(mostBits, Math.max(10, wanted));
  const size = 2 ** (32 - shiftBits);
  // With blocks of three, the byte before does not count.
  const fourth = block === 4 ? 0xff : 0;
  const hashAt = (bytes: Buffer, last: number) =>
    Math.imul(
      (bytes[last] as number) |
        ((bytes[last - 1] as number) << 8) |
        ((bytes[last - 2] as number) << 16) |
        (((bytes[last < 3 ? 0 : last - 3] as number) & fourth) << 24),
      0x9e3779b1,
    ) >>> shiftBits;

  const jumps = new Uint8Array(size).fill(jump);
  const heads = new Int32Array(size).fill(-1);
  const next = new Int32Array(members.length);
  const starts = new Int32Array(members.length);
  for (const [member, pattern] of members.entries()) {
    const start = rarestWindow(pattern, shortest);
    starts[member] = start;
    for (let last = block - 1; last < shortest; last += 1) {
      const hash = hashAt(pattern, start + last);
      jumps[hash] = Math.min(jumps[hash] as number, shortest - 1 - last);
      if (last < shortest - 1) continue;
      next[member] = heads[hash] as number;
      heads[hash] = member;
    }
  }
  return (bytes, end, hit) => {
    for (let last = shortest - 1; last < end; ) {
      const hash = hashAt(bytes, last);
      const step = jumps[hash] as number;
      if (step !== 0) {
        last += step;
        continue;
      }
      for (let member = heads[hash] as number; member >= 0; member = next[member] as number) {
        const pattern = members[member] as Buffer;
        const at = last - shortest + 1 - (starts[member] as number);
        if (at >= 0 && at + pattern.length <= end && stands(pattern, bytes, at))
          hit(ids[member] as number, at);
      }
      last += 1;
    }
  };
}

function stands(pattern: Buffer, bytes: Buffer, at: number): boolean {
  for (let index = 0; index < pattern.length; index += 1) {
    if (pattern[index] !== bytes[at + index]) return false;
  }
  return true;
}

/** For each byte the last count that saw it: a set for each window would take most of the time of a big secret. */
const seenIn = new Float64Array(256);
let counts = 0;

function differentBytes(bytes: Buffer, from: number, length: number): number {
  counts += 1;
  let different = 0;
  for (let at = from; at < from + length; at += 1) {
    const byte = bytes[at] as number;
    if (seenIn[byte] === counts) continue;
    seenIn[byte] = counts;
    different += 1;
  }
  return different;
}

/** Where in a pattern its window lies: at the place with the most different bytes, not in a frame that many share. */
function rarestWindow(pattern: Buffer, length: number): number {
  const room = pattern.length - length;
  const stride = Math.max(1, Math.ceil(room / 8));
  let [best, most] = [0, 0];
  for (let start = 0; start <= room; start += stride) {
    const different = differentBytes(pattern, start, length);
    if (different > most) [best, most] = [start, different];
  }
  return best;
}
