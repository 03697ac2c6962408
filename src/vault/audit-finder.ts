import { bigSecretLength, samplesOf } from './big.ts';
import { encodingsOf, fileFormsOf, leastSecretLength } from './encodings.ts';
import { createMatcher } from './matcher.ts';
import { isStructure, looksRandom, tokensOf } from './parts.ts';

export interface Leak {
  /** The secret's name, never its value. */
  readonly secret: string;
  /** A file, `FILE!MEMBER` of an archive, or `/proc/PID/environ (command)`. */
  readonly place: string;
  /** `raw`, `base64+1`, `hex`, `part of raw`, `gzip>raw` … */
  readonly encoding: string;
}

/** Searches bytes for every form of the secrets. */
export interface Finder {
  /** Bytes of the longest form: what must be kept when a file is read in pieces. */
  readonly longest: number;
  /** The forms in the first `end` bytes, each once. */
  find(bytes: Buffer, end: number): Iterable<Omit<Leak, 'place'>>;
}

/** A part of a token is a leak too; of so many characters, since shorter ones occur by chance. */
const windowLength = 12;
/** Every fifth window is enough: each part of 16 characters holds one. */
const windowStep = 5;
/** A token so long is no token but data. */
const longestToken = 4096;
/** Of a longer form its beginning is looked for: where that stands, the secret does. */
const longestForm = 4096;
const partOf = 'part of ';

/**
 * Knows all forms of the secrets: those that the redactor masks, UTF-16 and reversed, and parts of tokens. Secrets
 * shorter than 6 characters, and what is only structure, are left out, as the redactor leaves them. A part is told only where the whole does not stand.
 */
export function createFinder(secrets: ReadonlyMap<string, string>): Finder {
  const forms = [...secrets]
    .filter(([, value]) => value.length >= leastSecretLength && !isStructure(value))
    .flatMap(([secret, value]) =>
      formsOf(value).map(([encoding, bytes]) => ({
        secret,
        encoding,
        bytes: bytes.subarray(0, longestForm),
      })),
    );
  const matcher = createMatcher(forms.map(({ bytes }) => bytes));
  return {
    longest: matcher.longest,
    find(bytes, end) {
      const found = new Map<string, Omit<Leak, 'place'>>();
      matcher.scan(bytes, end, (index) => {
        const form = forms[index];
        if (form === undefined) return;
        const { secret, encoding } = form;
        found.set(`${secret}\0${encoding}`, { secret, encoding });
      });
      const all = [...found.values()];
      const whole = new Set(
        all.filter(({ encoding }) => !encoding.startsWith(partOf)).map(({ secret }) => secret),
      );
      return all.filter(({ secret, encoding }) => !encoding.startsWith(partOf) || !whole.has(secret));
    },
  };
}

/** Several windows of one form share its name: a place that holds them tells of one part. */
function formsOf(value: string): [encoding: string, bytes: Buffer][] {
  if (value.length > bigSecretLength) return samplesOf(value).flatMap(formsOf);
  const forms: [string, Buffer][] = [];
  for (const [encoding, form] of encodingsOf(value)) forms.push([encoding, Buffer.from(form)]);
  for (const [encoding, bytes] of fileFormsOf(value)) forms.push([encoding, bytes]);
  for (const token of tokensOf(value)) {
    if (token.length > longestToken) continue;
    for (const [encoding, form] of encodingsOf(token)) {
      if (!/^(?:raw|base64(?:url)?\+\d)$/.test(encoding)) continue;
      for (let at = 0; at + windowLength <= form.length; at += windowStep) {
        const window = form.slice(at, at + windowLength);
        if (looksRandom(window)) forms.push([`${partOf}${encoding}`, Buffer.from(window)]);
      }
    }
  }
  return forms;
}
