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

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address);
  return version === 0 ? undefined : version === 4 ? 'ipv4' : 'ipv6';
}
