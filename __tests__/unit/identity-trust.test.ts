import { describe, expect, test } from 'vitest';
import { lifeWeakness, type TrustSettings, weaknessesOf } from '../../src/identity/infisical-trust.ts';

const sound: TrustSettings = {
  accessTokenTTL: 3600,
  accessTokenMaxTTL: 3600,
  accessTokenNumUsesLimit: 0,
  accessTokenTrustedIps: [{ ipAddress: '10.1.2.3', prefix: 32 }],
  boundSubject: 'repo:o/r:ref:refs/heads/main',
  boundAudiences: 'https://eu.infisical.com',
};

describe('the settings of an identity', () => {
  test('that let in this job alone, for an hour, have no weakness', () => {
    expect(weaknessesOf(sound)).toEqual([]);
  });

  test.each<[Partial<TrustSettings>, string]>([
    [{ accessTokenTTL: 3601 }, 'lifetime'],
    [{ accessTokenMaxTTL: 2_592_000 }, 'lifetime'],
    [{ boundSubject: '' }, 'subject'],
    [{ boundSubject: ' ' }, 'subject'],
    [{ boundSubject: 'repo:o/**' }, 'subject'],
    [{ boundAudiences: '' }, 'audience'],
    [{ accessTokenNumUsesLimit: 10 }, 'uses'],
    ...[
      { ipAddress: '0.0.0.0', prefix: 0 },
      { ipAddress: '0.0.0.0/0' },
      { ipAddress: '::', prefix: 0 },
      { ipAddress: '::/0' },
      { ipAddress: '0:0:0:0:0:0:0:0', prefix: 0 },
      { ipAddress: '10.0.0.0', prefix: 0 },
    ].map((ip): [Partial<TrustSettings>, string] => [
      { accessTokenTrustedIps: [{ ipAddress: '10.1.2.3', prefix: 32 }, ip] },
      'addresses',
    ]),
  ])('%j have the weakness %s, and no other', (changes, of) => {
    expect(weaknessesOf({ ...sound, ...changes }).map((weakness) => weakness.of)).toEqual([of]);
  });

  test.each([
    { ipAddress: '0.0.0.0', prefix: 8 },
    { ipAddress: '0.0.0.0' },
    { ipAddress: '::1', prefix: 128 },
    { ipAddress: '10.0.0.0/8' },
  ])('with the trusted address %j are not open to all', (ip) => {
    expect(weaknessesOf({ ...sound, accessTokenTrustedIps: [ip] })).toEqual([]);
  });

  test('of a login alone tell no more than the life of its token', () => {
    expect(lifeWeakness(3600, 3600)).toBeUndefined();
    expect(lifeWeakness(60, 7200)?.saw).toContain('lives 60 s, and 7200 s where it is renewed');
  });
});
