import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { didYouMean, editDistance, nearest } from '../../src/near.ts';

describe('the near match', () => {
  test.each([
    ['timeot', 'timeout'],
    ['tiemout', 'timeout'],
    ['identity_id', 'identity-id'],
    ['Platform', 'platform'],
    ['platfrom', 'platform'],
    ['git', 'gitops'],
  ])('of %s is %s', (word, meant) => {
    const names = [
      'timeout',
      'identity-id',
      'platform',
      'stall',
      'retry',
      ...(word === 'git' ? ['gits', meant] : []),
    ];
    expect(nearest(word, names)).toBe(word === 'git' ? 'gits' : meant);
  });

  test('is none where nothing is near, so that no wild guess is printed', () => {
    expect(nearest('quantum', ['timeout', 'stall', 'retry'])).toBeUndefined();
    expect(nearest('x', [])).toBeUndefined();
    expect(didYouMean('quantum', ['timeout'])).toBe('');
    expect(didYouMean('stal', ['timeout', 'stall'])).toBe(' Did you mean `stall`?');
  });

  test('counts a swap of neighbours as one edit', () => {
    expect(editDistance('ab', 'ba')).toBe(1);
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('', 'abc')).toBe(3);
  });

  test('has the properties of a distance', () => {
    const word = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});
