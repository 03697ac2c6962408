import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodingsOf } from '../../src/vault/encodings.ts';
import { createRedactor } from '../../src/vault/redact.ts';
import { holds } from '../support/property.ts';

function redactorOf(...secrets: readonly string[]) {
  const redactor = createRedactor();
  for (const [index, secret] of secrets.entries()) redactor.add(`SECRET_${index}`, secret);
  return redactor;
}

/** Of capitals only, and the text around of others, so that no secret stands in it by chance. */
const secret = fc.string({ unit: fc.constantFrom(...'ABCDEFGHIJKLMNOP'), minLength: 6, maxLength: 40 });
const plain = fc.string({ unit: fc.constantFrom(...'qrstuvwxyz .:/\n'), maxLength: 30 });

describe('the redactor', () => {
  test('takes a secret out wherever it stands, and leaves the text around it', () => {
    holds(
      fc.property(secret, plain, plain, (value, before, after) => {
        expect(redactorOf(value).redact(`${before}${value}${after}`)).toBe(`${before}***${after}`);
      }),
    );
  });

  test('takes out every form that a secret takes', () => {
    const value = 'p@ss/word+"ünï" \\ end';
    const redactor = redactorOf(value);
    for (const [name, form] of encodingsOf(value)) {
      expect(redactor.redact(`before ${form} after`), name).toBe('before *** after');
    }
  });

  test('leaves nothing of two secrets that overlap', () => {
    holds(
      fc.property(secret, secret, secret, (head, shared, tail) => {
        const text = `x${head}${shared}${tail}y`;
        expect(redactorOf(`${head}${shared}`, `${shared}${tail}`).redact(text)).toBe('x***y');
        expect(redactorOf(`${shared}${tail}`, `${head}${shared}`).redact(text)).toBe('x***y');
      }),
    );
  });

  test('takes out a secret that holds another one whole', () => {
    holds(
      fc.property(secret, secret, secret, (head, inner, tail) => {
        const outer = `${head}${inner}${tail}`;
        expect(redactorOf(inner, outer).redact(`a ${outer} b ${inner} c`)).toBe('a *** b *** c');
      }),
    );
  });

  test('takes out each line of a secret of several lines, also where the lines arrive one by one', () => {
    holds(
      fc.property(
        fc.array(secret, { minLength: 2, maxLength: 6 }),
        fc.constantFrom('\n', '\r\n'),
        (lines, end) => {
          const redactor = redactorOf(lines.join(end));
          for (const line of lines) expect(redactor.redact(`    ${line}`)).toBe('    ***');
        },
      ),
    );
  });

  test('leaves the frame of a PEM key readable, and lines that say nothing', () => {
    const pem = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0IGtleQ==\n----------\n}\n-----END PRIVATE KEY-----\n';
    const redactor = redactorOf(pem);
    for (const line of ['-----BEGIN PRIVATE KEY-----', '-----END PRIVATE KEY-----', '----------', '}']) {
      expect(redactor.redact(line)).toBe(line);
    }
    expect(redactor.redact('key: c2VjcmV0IGtleQ==')).toBe('key: ***');
  });

  test('knows a secret of fewer than six characters for the audit, but does not tear the text apart for it', () => {
    const redactor = redactorOf('on', '');
    expect(redactor.redact('the run goes on')).toBe('the run goes on');
    expect([...redactor.secrets]).toEqual([['SECRET_0', 'on']]);
  });

  test('tells whoever masks for it (the runner) each part, once it is long enough', () => {
    const told: string[] = [];
    const redactor = createRedactor((part) => told.push(part));
    redactor.add('KEY', 'first-line\n{\nsecond-line');
    expect(told).toEqual(['first-line\n{\nsecond-line', 'first-line', 'second-line']);
  });
});

describe('a secret without a name', () => {
  test('has a number until it is named; then it has that name alone', () => {
    const redactor = createRedactor();
    redactor.addUnnamed('infisical value', 'value-of-the-token');
    redactor.addUnnamed('infisical value', 'another-value');
    redactor.addUnnamed('infisical value', 'another-value');
    redactor.add('GITHUB_TOKEN', 'value-of-the-token');
    redactor.addUnnamed('infisical value', 'a-third-value');
    expect([...redactor.secrets]).toEqual([
      ['infisical value 2', 'another-value'],
      ['GITHUB_TOKEN', 'value-of-the-token'],
      ['infisical value 3', 'a-third-value'],
    ]);
  });

  test('that is known by name already stays known by that name alone', () => {
    const redactor = redactorOf('value-of-the-token');
    redactor.addUnnamed('infisical value', 'value-of-the-token');
    expect([...redactor.secrets.keys()]).toEqual(['SECRET_0']);
  });
});
