import { describe, expect, it } from 'vitest';
import { loadCastle } from '../../src/castle/load.ts';
import { PhoenixError } from '../../src/errors.ts';
import { castleFolder } from '../support/castle.ts';

async function leaseOf(section: string) {
  await using folder = await castleFolder(`version: 1\ncastle: t\nlive: live/tazlab\n${section}`);
  return (await loadCastle(folder.file)).lease;
}

async function refusal(section: string): Promise<string> {
  const error: unknown = await leaseOf(section).then(
    () => new Error('the castle file was taken'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof PhoenixError) return `${error.code} ${error.what} ${error.why} ${error.next}`;
  throw error;
}

describe('the lease in the castle file', () => {
  it('is kept beside the state for a minute, and refuses at once, where nothing is said', async () => {
    const defaults = { ttlSeconds: 60, waitSeconds: 0, place: 'state' };
    expect(await leaseOf('')).toEqual(defaults);
    expect(await leaseOf('lease: {}\n')).toEqual(defaults);
  });

  it('comes in seconds', async () => {
    expect(await leaseOf('lease: { ttl: 2m, wait: 1h, place: machine }\n')).toEqual({
      ttlSeconds: 120,
      waitSeconds: 3600,
      place: 'machine',
    });
    expect((await leaseOf('lease: { wait: 0s }\n')).waitSeconds).toBe(0);
  });

  it.each([
    ['ttl: 9s', 'lease.ttl', 'a duration from 10s to 1h'],
    ['ttl: 61m', 'lease.ttl', 'a duration from 10s to 1h'],
    ['wait: 0', 'lease.wait', '`0s` refuses at once'],
    ['wait: 25h', 'lease.wait', 'from 1s to 24h'],
    ['place: cloud', 'lease.place', '`state` or `machine`'],
    ['tttl: 60s', 'tttl', 'ttl'],
  ])('refuses %s, and says what it expects', async (setting, key, expected) => {
    const text = await refusal(`lease: { ${setting} }\n`);
    expect(text).toMatch(/^PHX-CASTLE-/);
    expect(text).toContain(key);
    expect(text).toContain(expected);
  });
});
