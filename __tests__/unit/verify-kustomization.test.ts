import { describe, expect, it } from 'vitest';
import type { ApiObject } from '../../src/cluster/client.ts';
import { judgeAll, judgeKustomization } from '../../src/verify/kustomization.ts';

const sha = '4f2a2906b989e312719e5596c21c8ced7905fe13';

function kustomization(name: string, more: { spec?: object; status?: object } = {}): ApiObject {
  return {
    metadata: { name, generation: 2 },
    spec: { ...more.spec },
    status: {
      observedGeneration: 2,
      lastAppliedRevision: `main@sha1:${sha}`,
      conditions: [{ type: 'Ready', status: 'True', reason: 'ReconciliationSucceeded' }],
      ...more.status,
    },
  } as ApiObject;
}

const waitingFor = (object: ApiObject | undefined) => {
  const judgement = judgeKustomization(object, 'apps-static', sha);
  return 'waiting' in judgement ? judgement.waiting : undefined;
};

describe('a Kustomization', () => {
  it('is there when it is Ready at the expected revision', () => {
    expect(judgeKustomization(kustomization('apps-static'), 'apps-static', sha)).toEqual({ done: true });
  });

  it.each<[string, ApiObject | undefined, RegExp]>([
    ['does not exist', undefined, /does not exist yet/],
    [
      'is Ready at an older revision',
      kustomization('apps-static', { status: { lastAppliedRevision: `main@sha1:${'0'.repeat(40)}` } }),
      /not yet at 4f2a2906b989/,
    ],
    [
      'has not looked at its newest spec',
      kustomization('apps-static', { status: { observedGeneration: 1 } }),
      /not yet at/,
    ],
    ['is suspended', kustomization('apps-static', { spec: { suspend: true } }), /suspended/],
    [
      'is not Ready, and says why',
      kustomization('apps-static', {
        status: {
          conditions: [{ type: 'Ready', status: 'False', reason: 'BuildFailed', message: 'not a directory' }],
        },
      }),
      /BuildFailed\): not a directory/,
    ],
  ])('is waited for where it %s', (_, object, words) => {
    expect(waitingFor(object)).toMatch(words);
  });

  it('of another source than the castle’s is there when it is Ready, and has looked at its newest spec', () => {
    const upstream = { sourceRef: { kind: 'GitRepository', name: 'cert-manager' } };
    const lastAppliedRevision = `release-1.21@sha1:${'7'.repeat(40)}`;
    expect(waitingFor(kustomization('crds', { spec: upstream, status: { lastAppliedRevision } }))).toBe(
      undefined,
    );
    const stale = { lastAppliedRevision, observedGeneration: 1 };
    expect(waitingFor(kustomization('crds', { spec: upstream, status: stale }))).toMatch(/not yet at/);
    const own = { sourceRef: { kind: 'GitRepository', name: 'flux-system' } };
    expect(waitingFor(kustomization('crds', { spec: own, status: { lastAppliedRevision } }))).toMatch(
      /not yet at/,
    );
  });

  it('is not taken for another branch whose revision only ends alike', () => {
    const object = kustomization('apps-static', { status: { lastAppliedRevision: `main@sha1:ff${sha}` } });
    expect(waitingFor(object)).toMatch(/not yet at/);
  });
});

describe('all Kustomizations', () => {
  it('are not there while there is none, or one that another depends on is missing', () => {
    expect(judgeAll([], sha)).toHaveProperty('waiting');
    const dependent = kustomization('apps-data', { spec: { dependsOn: [{ name: 'data' }] } });
    expect(judgeAll([dependent], sha)).toEqual({ waiting: 'Kustomization data does not exist yet' });
    expect(judgeAll([dependent, kustomization('data')], sha)).toEqual({ done: true });
  });

  it('are waited for by what holds the others back, not by those that wait for it', () => {
    const waiting = (name: string, reason: string) =>
      kustomization(name, { status: { conditions: [{ type: 'Ready', status: 'False', reason }] } });
    const all = [waiting('apps-data', 'DependencyNotReady'), waiting('configs', 'HealthCheckFailed')];
    expect(judgeAll(all, sha)).toEqual({
      waiting: 'Kustomization configs: Ready=False (HealthCheckFailed)',
    });
  });
});
