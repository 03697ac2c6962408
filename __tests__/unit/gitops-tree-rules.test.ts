import { describe, expect, test } from 'vitest';
import { treeRules } from '../../src/gitops/rules/tree.ts';
import { configMap } from '../support/gitops/files.ts';
import {
  cluster,
  crd,
  findingsOf,
  flux,
  folder,
  namespace,
  object,
  shownFindings,
} from '../support/gitops/linted.ts';
import { pairs } from '../support/gitops/pairs.ts';

describe('the lint of the tree finds', () => {
  test.each(pairs)(
    '$rule: $mistake, and nothing in its twin',
    ({ rule, wrong, right, at, severity, ...pair }) => {
      const found = findingsOf(wrong, pair.asking);
      expect(shownFindings(found)).toEqual([`${at} ${rule}`]);
      expect(found[0]?.severity).toBe(severity ?? 'error');
      for (const words of [found[0]?.what, found[0]?.why, found[0]?.fix])
        expect(words).toMatch(/^.{20,}[.?]$/s);
      expect(findingsOf(right, pair.rightAsking ?? pair.asking)).toEqual([]);
    },
  );
});

test('what a child brings is not to be waited for by the one that applies the child', () => {
  const tree = (inner: string, outer: string) =>
    findingsOf({
      ...cluster({ all: ['./all'] }),
      'all/inner.yaml': flux('inner', './inner'),
      'all/zz.yaml': outer,
      ...folder('inner', inner),
    }).map(({ rule, fix }) => [rule, fix]);
  expect(
    tree(
      crd('cert-manager.io', 'ClusterIssuer', 'clusterissuers'),
      object('cert-manager.io/v1', 'ClusterIssuer', 'i'),
    ),
  ).toEqual([['crd-not-before', 'Move the ClusterIssuer into a Kustomization that depends on `inner`.']]);
  expect(tree(namespace('blog'), configMap('a', 'blog'))).toEqual([
    [
      'namespace-before',
      'Move the Namespace to `all`, or these objects into a Kustomization that depends on `inner`.',
    ],
  ]);
});

test('every rule of the tree has a mistake that it finds', () => {
  const found = new Set(pairs.map(({ rule }) => rule));
  expect(treeRules.map(({ id }) => id).filter((id) => !found.has(id))).toEqual([]);
});
