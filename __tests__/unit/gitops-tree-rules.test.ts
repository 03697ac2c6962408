import { describe, expect, test } from 'vitest';
import { treeRules } from '../../src/gitops/rules/tree.ts';
import { findingsOf, shownFindings } from '../support/gitops/linted.ts';
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

test('every rule of the tree has a mistake that it finds', () => {
  const found = new Set(pairs.map(({ rule }) => rule));
  expect(treeRules.map(({ id }) => id).filter((id) => !found.has(id))).toEqual([]);
});
