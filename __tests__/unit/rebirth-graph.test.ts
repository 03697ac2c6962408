import { describe, expect, test } from 'vitest';
import type { Castle } from '../../src/castle/load.ts';
import { orderDestroy } from '../../src/destroy/order.ts';
import type { Layer } from '../../src/plan/discover.ts';
import { behindClaim, claimGate, nodesOf, shownName } from '../../src/rebirth/graph.ts';

const layer = (name: string, ...dependencies: string[]): Layer => ({
  name,
  dir: `/live/${name}`,
  dependencies,
});
const layers = [
  layer('engine'),
  layer('gitops', 'engine'),
  layer('storage', 'engine'),
  layer('apps', 'storage'),
];

function claim(more: { after?: string; before?: readonly string[] } = {}): NonNullable<Castle['claim']> {
  return {
    after: 'engine',
    store: 'store',
    token: 'GITHUB_TOKEN',
    repository: 'https://git.invalid/castle',
    withinSeconds: 60,
    identity: { kind: 'pull' },
    clientId: 'ID',
    clientSecret: 'SECRET',
    identityNamespace: 'external-secrets',
    identitySecret: 'identity',
    namespace: 'flux-system',
    externalSecret: 'token',
    secret: 'flux-system',
    ...more,
  };
}

const waits = (given: Castle['claim']) =>
  Object.fromEntries(nodesOf(layers, given).map(({ id, dependencies }) => [id, dependencies]));

describe('the claim among the layers', () => {
  test('is not there where the castle has none: the layers are as they are', () => {
    expect(waits(undefined)).toEqual({
      engine: [],
      gitops: ['engine'],
      storage: ['engine'],
      apps: ['storage'],
    });
  });

  test('stands behind its layer, and only the layers that it is before wait for it', () => {
    expect(waits(claim({ before: ['gitops'] }))).toEqual({
      engine: [],
      gitops: ['engine', claimGate],
      storage: ['engine'],
      apps: ['storage'],
      [claimGate]: ['engine'],
    });
  });

  test('is waited for by all that depend on its layer themselves, where the castle file does not say', () => {
    expect(waits(claim())).toMatchObject({
      gitops: ['engine', claimGate],
      storage: ['engine', claimGate],
      apps: ['storage'],
    });
  });

  test('has no place where its layer is not there', () => {
    expect(Object.keys(waits(claim({ after: 'unknown' })))).toEqual(['engine', 'gitops', 'storage', 'apps']);
  });
});

test('people read a gate by its name alone, and a layer by its own', () => {
  expect([claimGate, 'storage', 'apps/gate:x'].map(shownName)).toEqual(['claim', 'storage', 'apps/gate:x']);
});

test('a layer that the claim stands before waits for what it stands behind, also where its unit does not say so', () => {
  const loose = [layer('platform'), layer('engine', 'platform'), layer('gitops'), layer('storage', 'engine')];
  const given = behindClaim(loose, claim({ before: ['gitops'] }));
  expect(given.find(({ name }) => name === 'gitops')?.dependencies).toEqual(['engine']);
  expect(behindClaim(loose, undefined)).toEqual(loose);
  const order = orderDestroy(given, { only: [], from: '', protect: ['gitops'] });
  expect([...order.kept.keys()].sort()).toEqual(['engine', 'gitops', 'platform']);
  expect(order.nodes.map(({ id }) => id)).toEqual(['storage']);
});
