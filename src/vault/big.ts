/** Of a secret above this not every form is made: there are fifty, each as long, and each line of it has as many. */
export const bigSecretLength = 64 * 1024;

/** Where base64 is wrapped at 64 or at 76 columns, a line begins at each multiple of 48 or 57 bytes; at these, both do. */
const bothWraps = 912;
const sampleBytes = 2 * bothWraps;
const samples = 8;

/**
 * Pieces of a big secret, spread over it, for a search that need not find all of it: they begin where wrapped base64
 * begins a line, so that each of their forms stands in the same form of the whole.
 */
export function samplesOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const step = Math.floor((bytes.length - sampleBytes) / (samples - 1) / bothWraps) * bothWraps;
  return Array.from({ length: samples }, (_, index) => {
    let from = index * step;
    // Inside a character there is no text; most multiples are not.
    while (isInside(bytes[from]) && from + sampleBytes + bothWraps < bytes.length) from += bothWraps;
    let to = from + sampleBytes;
    while (isInside(bytes[to])) to -= 1;
    return bytes.subarray(from, to).toString('utf8');
  });
}

function isInside(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
