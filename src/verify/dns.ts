import { Resolver } from 'node:dns/promises';
import type { Look } from './hold.ts';

const withinMs = 5_000;
/** The name is not there, or has no address of that family: DNS' own words. */
const absent = new Set(['ENOTFOUND', 'ENODATA']);

/** Asks DNS itself, never this machine's hosts file. */
export async function lookUp(
  name: string,
  wanted: readonly string[],
  server: string | undefined,
): Promise<Look> {
  const resolver = new Resolver({ timeout: withinMs / 2, tries: 2 });
  if (server !== undefined) resolver.setServers([server]);
  const asked = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  const found = asked.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
  const silent = asked.flatMap((each) =>
    each.status === 'rejected' && !absent.has(codeOf(each.reason)) ? [codeOf(each.reason)] : [],
  );
  if (found.length === 0 && silent.length > 0)
    return {
      good: false,
      seen: `${server ?? 'the DNS server'} gives no answer for ${name} (${silent[0]})`,
      trouble: 'dns',
    };
  return judgeAddresses(name, found, wanted);
}

/** Held against the addresses wanted: one that should be gone is told as old. */
export function judgeAddresses(name: string, found: readonly string[], wanted: readonly string[]): Look {
  if (found.length === 0) return { good: false, seen: `${name} does not resolve`, trouble: 'dns' };
  const old = wanted.length === 0 ? [] : found.filter((address) => !wanted.includes(address));
  const missing = wanted.filter((address) => !found.includes(address));
  if (old.length > 0)
    return {
      good: false,
      seen: `${name} still resolves to ${old.join(', ')}${missing.length === 0 ? '' : `, not yet to ${missing.join(', ')}`}`,
      trouble: 'dns',
    };
  if (missing.length > 0)
    return { good: false, seen: `${name} does not resolve to ${missing.join(', ')} yet`, trouble: 'dns' };
  return { good: true, seen: `${name} resolves to ${found.join(', ')}` };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
