import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { substituted, variablesIn } from '../../src/gitops/substitution.ts';
import { holds } from '../support/property.ts';

const v = (inner: string) => `\${${inner}}`;

test.each([
  [v('a'), ['a']],
  [`x${v('a')}y${v('b_1')}`, ['a', 'b_1']],
  [`$${v('a')}`, []],
  [`$$${v('a')}`, ['a']],
  ['$a $(a) $ {a} {a}', []],
  [v('a:=x'), ['a, with a default']],
  [v('a:-x'), ['a, with a default']],
  [v('a=x'), ['a, with a default']],
  [v('a:1:2'), ['a']],
  [v('a/x/y'), ['a']],
  [v('a^^'), ['a']],
  [v('#a'), ['a']],
  [v(''), []],
  ['${', []],
])('the variables of %j, as Flux reads them', (text, names) => {
  expect(
    variablesIn(text).map(({ name, hasDefault }) => (hasDefault ? `${name}, with a default` : name)),
  ).toEqual(names);
});

test('each variable stands where its offset says', () => {
  holds(
    fc.property(
      fc
        .array(fc.constantFrom('$', '{', '}', 'a', ':', '=', '-', '\n', v('b')))
        .map((parts) => parts.join('')),
      (text) => {
        for (const { text: whole, offset } of variablesIn(text)) {
          expect(text.slice(offset, offset + whole.length)).toBe(whole);
          expect(whole).toMatch(/^\$\{.*\}$/s);
        }
      },
    ),
  );
});

test('known variables are put in, others and escaped ones stay', () => {
  const values = new Map([['a', '1']]);
  expect(substituted({ [v('a')]: [v('a'), v('b'), `$${v('a')}`, 7] }, values)).toEqual({
    [v('a')]: ['1', v('b'), `$${v('a')}`, 7],
  });
});
