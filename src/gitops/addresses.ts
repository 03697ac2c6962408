import { BlockList, isIP } from 'node:net';

/** The addresses of `10.0.0.0/24` or `10.0.0.1-10.0.0.9`, as MetalLB writes them; undefined for what is neither. */
export function addressesIn(range: string): BlockList | undefined {
  const list = new BlockList();
  const [first = '', last, ...more] = range.split('-').map((part) => part.trim());
  if (more.length > 0) return undefined;
  const [base = '', bits, ...rest] = first.split('/');
  const family = familyOf(base);
  if (family === undefined || rest.length > 0) return undefined;
  try {
    if (last !== undefined) list.addRange(base, last, family);
    else if (bits === undefined || !/^\d{1,3}$/.test(bits)) return undefined;
    else list.addSubnet(base, Number(bits), family);
  } catch {
    return undefined;
  }
  return list;
}

/** Whether the range holds the address; undefined where one of them is none. */
export function holdsAddress(range: string, address: string): boolean | undefined {
  const family = familyOf(address);
  const list = addressesIn(range);
  return family === undefined || list === undefined ? undefined : list.check(address, family);
}

/** The first addresses of the ranges, of IPv4 alone and `most` in all. */
export function firstOf(ranges: readonly string[], most: number): string[] {
  const found: string[] = [];
  for (const range of ranges) {
    const [first = '', last] = range.split('-').map((part) => part.trim());
    const [base = '', bits = '32'] = first.split('/');
    if (familyOf(base) !== 'ipv4') continue;
    const start = numberOf(base);
    const end = last === undefined ? start + 2 ** (32 - Number(bits)) - 1 : numberOf(last);
    for (let at = start; at <= end && found.length < most; at += 1) found.push(textOf(at));
  }
  return found;
}

const numberOf = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const textOf = (value: number) =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address);
  return version === 0 ? undefined : version === 4 ? 'ipv4' : 'ipv6';
}
