import { describe, expect, test } from 'vitest';
import { loadCastle } from '../../src/castle/load.ts';
import { brokenCastle, castleFolder, wholeCastle } from '../support/castle.ts';

const withIdentity = (identity: string) =>
  wholeCastle.replace('claim: { after', `claim: { identity: ${identity}, after`);

async function identityOf(text: string) {
  await using folder = await castleFolder(text);
  return (await loadCastle(folder.file)).claim?.identity;
}

describe('where a castle has its machine identity from', () => {
  test.each([
    ['{}', { kind: 'pull' }],
    ['{ pull: {} }', { kind: 'pull' }],
    ['{ pull: { identity-id: one } }', { kind: 'pull', identityId: 'one' }],
    ['{ mint: { identity-id: one } }', { kind: 'mint', identityId: 'one', ttlSeconds: 90 * 24 * 3600 }],
    ['{ mint: { identity-id: one, ttl: 36h } }', { kind: 'mint', identityId: 'one', ttlSeconds: 36 * 3600 }],
    ['{ mint: { identity-id: one, ttl: never } }', { kind: 'mint', identityId: 'one', ttlSeconds: 0 }],
  ])('is read from %s', async (text, expected) => {
    expect(await identityOf(withIdentity(text))).toEqual(expected);
  });

  test('is the source of secrets where nothing is said', async () => {
    expect(await identityOf(wholeCastle)).toEqual({ kind: 'pull' });
  });

  test.each([
    ['{ mint: { identity-id: one, ttl: 5m } }', 'a lifetime from 1h to 3650d'],
    ['{ mint: { identity-id: one, ttl: 4000d } }', 'a lifetime from 1h to 3650d'],
    ['{ mint: { identity-id: one, ttl: 0d } }', 'a lifetime from 1h to 3650d'],
    ['{ mint: { ttl: 90d } }', 'identity-id'],
    ['{ pull: {}, mint: { identity-id: one } }', 'either `pull` or `mint`'],
    ['{ mints: { identity-id: one } }', 'mint'],
  ])('is refused as %s', async (text, says) => {
    const error = await brokenCastle('claim: { after', `claim: { identity: ${text}, after`);
    expect(`${error.what} ${error.why} ${error.next}`).toContain(says);
  });
});
