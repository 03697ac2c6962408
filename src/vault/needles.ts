import { bigSecretLength } from './big.ts';
import { encodingsOf, leastSecretLength, lineEncodingsOf } from './encodings.ts';
import type { Range } from './mask.ts';
import { createMatcher } from './matcher.ts';
import { linesOf, looksRandom, tokensOf } from './parts.ts';

/** Every form by which a text may give a secret away, and where they stand in it. */
export interface Needles {
  /** Learns a secret; cheap, since what the search needs is made at the next search. */
  add(secret: string): void;
  /** The ranges that must not be seen, by their start. */
  rangesIn(text: string): Range[];
  /** From where on the text's end may be the beginning of a secret; the text's length where it is none. */
  beginning(text: string): number;
}

/** Longer forms are looked for in pieces: side by side they hide the whole, and a stream need not hold back more. */
const longestPiece = 256;
/** A part of a token is known by any window of so many characters that looks random … */
const windowLength = 12;
/** … of which every fifth is enough: each part of 16 characters has one, and shows at most 4 of its first and last. */
const windowStep = 5;
/** A token so long is no token but data. */
const longestToken = 4096;

export function createNeedles(): Needles {
  const texts = new Set<string>();
  const learnt = new Set<string>();
  let search: Search | undefined;
  const current = () => {
    search ??= createSearch([...texts]);
    return search;
  };
  return {
    add(secret) {
      if (learnt.has(secret)) return;
      learnt.add(secret);
      const big = secret.length > bigSecretLength;
      for (const form of encodingsOf(secret).values()) for (const piece of pieces(form)) texts.add(piece);
      for (const line of linesOf(secret)) {
        const forms = big ? lineEncodingsOf(line) : encodingsOf(line).values();
        for (const form of forms) for (const piece of pieces(form)) texts.add(piece);
      }
      if (!big) for (const token of tokensOf(secret)) for (const window of windows(token)) texts.add(window);
      search = undefined;
    },
    rangesIn: (text) => (texts.size === 0 ? [] : current().rangesIn(text)),
    beginning: (text) => (texts.size === 0 ? text.length : current().beginning(text)),
  };
}

function pieces(form: string): string[] {
  if (form.length <= longestPiece) return [form];
  const found: string[] = [];
  for (let at = 0; at < form.length; at += longestPiece) {
    // The last piece reaches back, so that none is too short to be looked for.
    const piece = form.slice(Math.min(at, form.length - longestPiece), at + longestPiece);
    if (/[A-Za-z0-9]/.test(piece)) found.push(piece);
  }
  return found;
}

/** A part of a token as it is, and of its base64: that is wrapped anywhere where the token stands in a longer text. */
function* windows(token: string): Generator<string> {
  if (token.length > longestToken) return;
  const forms = [...encodingsOf(token)].filter(([name]) => /^(?:raw|base64(?:url)?\+\d)$/.test(name));
  for (const [, form] of forms) {
    for (let offset = 0; offset + windowLength <= form.length; offset += windowStep) {
      const window = form.slice(offset, offset + windowLength);
      if (looksRandom(window)) yield window;
    }
  }
}

type Search = Pick<Needles, 'rangesIn' | 'beginning'>;

/** Texts up to this length share one buffer; it is for lines, and a long text has one of its own. */
const sharedBytes = 64 * 1024;
const shared = Buffer.allocUnsafeSlow(sharedBytes);

/**
 * The search reads one byte a character, the lower one, and compares the characters where it finds something: it is as
 * fast for any text, and positions are those of the text.
 */
function createSearch(texts: readonly string[]): Search {
  const matcher = createMatcher(texts.map((text) => Buffer.from(text, 'latin1')));
  // Only a stream asks for beginnings.
  let sorted: readonly string[] | undefined;
  return {
    rangesIn(text) {
      if (text.length < leastSecretLength) return [];
      const bytes = text.length <= sharedBytes ? shared : Buffer.allocUnsafeSlow(text.length);
      bytes.write(text, 0, text.length, 'latin1');
      const ranges: Range[] = [];
      matcher.scan(bytes, text.length, (index, at) => {
        const needle = texts[index] ?? '';
        if (!text.startsWith(needle, at)) return;
        ranges.push([at, at + needle.length]);
      });
      return ranges.sort(([a], [b]) => a - b);
    },
    beginning(text) {
      sorted ??= texts.toSorted(byUnits);
      const furthest = Math.max(0, text.length - matcher.longest + 1);
      for (let from = furthest; from < text.length; from += 1) {
        if (begins(sorted, text.slice(from))) return from;
      }
      return text.length;
    },
  };
}

/** By UTF-16 units, as `<` compares. */
function byUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function begins(sorted: readonly string[], start: string): boolean {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? '') < start) low = middle + 1;
    else high = middle;
  }
  return sorted[low]?.startsWith(start) === true;
}
