import { describe, expect, test } from 'vitest';
import { PhoenixError } from '../../src/errors.ts';
import { faultKinds, parseFault, planFaults } from '../../src/rehearsal/stand-ins/faults.ts';

function refused(text: string): PhoenixError {
  try {
    parseFault(text);
  } catch (error) {
    if (error instanceof PhoenixError) return error;
  }
  throw new Error(`${text} was taken`);
}

describe('a fault', () => {
  test('of every kind in the table is taken, for ever or for some requests', () => {
    for (const [target, kinds] of Object.entries(faultKinds)) {
      for (const kind of Object.keys(kinds)) {
        expect(parseFault(`${target}:${kind}`)).toEqual({ target, kind, times: Number.POSITIVE_INFINITY });
        expect(parseFault(`${target}:${kind}*3`).times).toBe(3);
      }
    }
  });

  test('strikes as often as it says, and only where it belongs', () => {
    const plan = planFaults('infisical', ['infisical:429*2', 'git:500']);
    expect([1, 2, 3].map(() => plan.strikes('429'))).toEqual([true, true, false]);
    expect(plan.strikes('500')).toBe(false);
  });

  test.each([
    ['infisicl:429', /Did you mean `infisical`\?/],
    ['infisical:hiden', /Did you mean `hidden`\?/],
    ['infisical', /knows no fault|nothing called/],
    ['infisical:429*0', /./],
    ['toString:429', /nothing called/],
  ])('that is none, %s, is refused with what there is', (text, why) => {
    const error = refused(text);
    expect(error.code).toBe('PHX-BOX-FAULT');
    expect(error.why).toMatch(why);
    expect(error.next).toContain('infisical');
  });
});
