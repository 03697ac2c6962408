import { describe, expect, test } from 'vitest';
import { blogFirst, mended, monolith, notADirectory } from '../support/gitops/history.ts';
import { findingsOf, shownFindings } from '../support/gitops/linted.ts';

describe('the history of the first castle', () => {
  test('one Kustomization for everything: the blog waits for monitoring and database, and the issuer for its own CRD', () => {
    const found = findingsOf(monolith, blogFirst);
    expect(shownFindings(found)).toEqual([
      'cluster/apps-static.yaml:14:7 fast-track-on-data',
      'infrastructure/instances.yaml:1:1 cr-beside-crd',
      'cluster/infrastructure.yaml:13:9 wait-on-heavy',
      'infrastructure/instances.yaml:6:1 cr-beside-crd',
    ]);
    expect(found.map(({ severity }) => severity)).toEqual(['error', 'error', 'warning', 'warning']);
    expect(found[0]?.what).toContain('apps-static → infrastructure');
    expect(found[2]?.what).toContain('`apps-static`');
  });

  test('the split that failed with `not a directory`: each place where it went wrong', () => {
    const found = findingsOf(notADirectory, blogFirst);
    expect(shownFindings(found)).toEqual([
      'cluster/core.yaml:9:9 path-not-a-folder',
      'infrastructure/operators/data/kustomization.yaml:4:5 no-kustomization',
      'infrastructure/operators/namespaces/kustomization.yaml:4:5 broken-reference',
    ]);
    expect(found[0]?.why).toContain('kustomization.yaml: not a directory');
  });

  test('the tree that came of it is clean', () => {
    expect(findingsOf(mended, blogFirst)).toEqual([]);
  });
});
