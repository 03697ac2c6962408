/**
 * The few DER encodings that a certificate needs (X.690). Phoenix writes its own certificates because the
 * libraries that do so bring more code, and more start-up time, than the whole host process has otherwise.
 */

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const digits = length.toString(16);
  const octets = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | octets.length]), octets, content]);
}

export const sequence = (...items: readonly Buffer[]) => tagged(0x30, Buffer.concat(items));
export const set = (...items: readonly Buffer[]) => tagged(0x31, Buffer.concat(items));
export const octets = (content: Buffer) => tagged(0x04, content);
export const utf8 = (text: string) => tagged(0x0c, Buffer.from(text));
export const boolean = (value: boolean) => tagged(0x01, Buffer.from([value ? 0xff : 0]));

/** An element of a CHOICE or an optional field: `[number]`, explicit unless it wraps bare bytes. */
export const context = (number: number, content: Buffer, constructed = true) =>
  tagged((constructed ? 0xa0 : 0x80) | number, content);

/** A non-negative integer from its big-endian bytes; DER wants no needless zero and no sign bit. */
export function integer(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const minimal = first === -1 ? Buffer.from([0]) : bytes.subarray(first);
  const negative = ((minimal[0] ?? 0) & 0x80) !== 0;
  return tagged(0x02, negative ? Buffer.concat([Buffer.from([0]), minimal]) : minimal);
}

export const bits = (content: Buffer, unused = 0) =>
  tagged(0x03, Buffer.concat([Buffer.from([unused]), content]));

/** An object identifier from its dotted form, e.g. `2.5.29.17`. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const base128 = (value: number): number[] => {
    const septets = [value & 0x7f];
    for (let left = value >>> 7; left > 0; left >>>= 7) septets.unshift((left & 0x7f) | 0x80);
    return septets;
  };
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** UTCTime where RFC 5280 wants it: dates before 2050, to the second. */
export function utcTime(date: Date): Buffer {
  const text = date.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return tagged(0x17, Buffer.from(text.slice(2)));
}
