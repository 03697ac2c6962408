import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodingsOf } from '../../src/vault/encodings.ts';
import { isStructure } from '../../src/vault/parts.ts';
import { createRedactor } from '../../src/vault/redact.ts';
import { decoded } from '../../src/vault/redact-stream.ts';
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

  test('tells whoever masks for it (the runner) single lines only, and never one that is structure', () => {
    const told: string[] = [];
    const redactor = createRedactor((part) => told.push(part));
    redactor.add('KEY', 'first-line\n{\nsecond-line\n');
    expect(told.slice(0, 2)).toEqual(['first-line', 'second-line']);
    expect(told).toContain('first-line\\n{\\nsecond-line\\n');
    expect(told.filter((part) => part.includes('\n') || part.length < 6)).toEqual([]);
    redactor.add('TOKEN', 'one-line-only');
    expect(told.at(-1)).toBe('one-line-only');
  });

  test('leaves what is too short, or only structure, as it is', () => {
    const told: string[] = [];
    const redactor = createRedactor((part) => told.push(part));
    redactor.add('PIN', '12345');
    redactor.add('FRAME', '-----BEGIN PRIVATE KEY-----');
    redactor.add('TOKEN', 'long-enough');
    expect(redactor.redact('12345 -----BEGIN PRIVATE KEY----- long-enough')).toBe(
      '12345 -----BEGIN PRIVATE KEY----- ***',
    );
    expect(told).toEqual(['long-enough']);
  });

  test.each([
    [
      '{',
      '},',
      '---',
      'null',
      '"enabled": true,',
      'spec:',
      '"data": {',
      '<config>',
      '[section]',
      'replicas: 3',
    ],
    ['-----BEGIN OPENSSH PRIVATE KEY-----', '-----END CERTIFICATE-----', '- name: on', 'apiVersion: v1'],
  ])('leaves the structure of a secret file readable: %s …', (...lines) => {
    const redactor = redactorOf(['password: kept-from-all', ...lines].join('\n'));
    for (const line of lines) expect(redactor.redact(line)).toBe(line);
    expect(redactor.redact('  password: kept-from-all')).toBe('  ***');
  });

  test('takes out a part of a token, in base64 that is wrapped anywhere too; but no words', () => {
    const token = 'ghp_R7mQ2xV9kLpZ4tWsN8bYc3HdJf6GaE1UoX5i';
    const redactor = redactorOf(token, 'postgres://castle:correct-horse@db.castle.local:5432/castle');
    expect(redactor.redact(`cut off: ${token.slice(0, 30)}`)).not.toContain(token.slice(10, 22));
    const wrapped =
      Buffer.from(`user=admin token=${token} until=never`)
        .toString('base64')
        .match(/.{1,40}/g) ?? [];
    const shown = wrapped.map((line) => redactor.redact(line)).join('');
    expect(Buffer.from(shown, 'base64').toString()).not.toContain(token.slice(8, 16));
    const words = 'db.castle.local:5432 of external-secrets.io/v1beta1, ghp_ tokens';
    expect(redactor.redact(words)).toBe(words);
  });
});

/** Any text that may be a secret: quotes, newlines, half surrogates. */
const anySecret = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 6, maxLength: 300 }),
    fc.string({ unit: fc.constantFrom(...'abAB01"\'\\\n\t<>&$%{}~!ü€😀 '), minLength: 6, maxLength: 80 }),
  )
  .filter((text) => !isStructure(text));

describe('the redactor, for any secret', () => {
  test('leaves none of its forms in a text', () => {
    holds(
      fc.property(anySecret, plain, plain, (value, before, after) => {
        const redactor = redactorOf(value);
        for (const [name, form] of encodingsOf(value)) {
          const shown = redactor.redact(`${before}${form}${after}`);
          expect(shown.includes(form) && !`${before}***${after}`.includes(form), name).toBe(false);
          expect(shown.length, name).toBeLessThanOrEqual(
            before.length + after.length + 3 * (1 + form.length / 256),
          );
        }
      }),
    );
  });

  test('leaves a text without secrets as it is', () => {
    holds(
      fc.property(fc.array(secret), plain, (values, text) => {
        expect(redactorOf(...values).redact(text)).toBe(text);
      }),
    );
  });

  test('masks what a search for each form finds, and nothing else', () => {
    const value = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 6, maxLength: 9 });
    holds(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 8 }),
        fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 200 }),
        (values, text) => {
          const hidden = new Set<number>();
          for (const form of values.flatMap((each) => [...encodingsOf(each).values()])) {
            for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1)) {
              for (let index = at; index < at + form.length; index += 1) hidden.add(index);
            }
          }
          const expected = [...text].map((char, index) => (hidden.has(index) ? '*' : char)).join('');
          expect(redactorOf(...values).redact(text)).toBe(expected.replaceAll(/\*+/g, '***'));
        },
      ),
    );
  });
});

describe('a redacted stream', () => {
  const pieces = (text: string, cuts: readonly number[]) =>
    [0, ...cuts.map((cut) => cut % (text.length + 1)).toSorted((a, b) => a - b), text.length].map(
      (from, index, all) => text.slice(from, all[index + 1] ?? from),
    );

  test('is the same as the redacted whole, wherever it is cut, secrets of several lines too', () => {
    const value = fc.oneof(
      anySecret,
      fc.string({ unit: fc.constantFrom('a', 'b', '\n'), minLength: 6, maxLength: 12 }),
    );
    const item = fc.oneof(
      fc.nat().map((index) => ({ index })),
      plain,
    );
    holds(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 4 }),
        fc.array(item, { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (values, items, cuts) => {
          const forms = values.flatMap((each) => [...encodingsOf(each).values()]);
          const text = items
            .map((each) => (typeof each === 'string' ? each : (forms[each.index % forms.length] ?? '')))
            .join('');
          const redactor = redactorOf(...values);
          const stream = redactor.stream();
          const shown = pieces(text, cuts).map((piece) => stream.push(piece));
          expect([...shown, stream.end()].join('')).toBe(redactor.redact(text));
        },
      ),
    );
  });

  test('of bytes may be cut inside a character', () => {
    const value = 'pässwörd-€-😀-end';
    holds(
      fc.property(fc.nat({ max: 8 }), (size) => {
        const stream = decoded(redactorOf(value).stream());
        const bytes = Buffer.from(`ä ${value} ü ${value}`);
        let shown = '';
        for (let at = 0; at < bytes.length; at += size + 1)
          shown += stream.push(bytes.subarray(at, at + size + 1));
        expect(shown + stream.end()).toBe('ä *** ü ***');
      }),
    );
  });

  test('shows at once what cannot be the beginning of a secret, and never holds back more than 255 characters', () => {
    const stream = redactorOf('kept-from-all', 'x'.repeat(10_000)).stream();
    expect(stream.push('all is well, kept')).toBe('all is well, ');
    expect(stream.push(' it is')).toBe('kept it is');
    expect(stream.push('x'.repeat(9_000))).toBe('***');
    expect(stream.push('y')).toBe('y');
    stream.push('x'.repeat(200));
    expect(stream.end()).toBe('x'.repeat(200));
  });

  test('that was cut off shows nothing of a secret that it ends in', () => {
    const stream = redactorOf('kept-from-all').stream();
    expect(stream.push('the word is kept-from-al') + stream.cut()).toBe('the word is ');
    expect(stream.push('and on')).toBe('and on');
  });

  test('knows a secret from when it was added on', () => {
    const redactor = redactorOf('first-secret');
    const stream = redactor.stream();
    const early = stream.push('second-secret first-sec');
    redactor.add('LATER', 'second-secret');
    expect(early + stream.push('ret second-secret') + stream.end()).toBe('second-secret *** ***');
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

describe('what counts as structure', () => {
  test('is no key in base64 or hex, also where it ends with the `=` that fills it up', () => {
    for (let number = 0; number < 500; number += 1) {
      const key = createHash('sha256').update(String(number)).digest();
      const plain = key.toString('base64').replaceAll(/[+/]/g, '7');
      expect([plain, isStructure(plain)]).toEqual([plain, false]);
      expect(isStructure(`${key.toString('hex')}=`)).toBe(false);
    }
  });

  test.each([
    'certificate-authority-data:',
    'apiVersion: ""',
    'client_secret =',
    '"some-configuration-key": {',
  ])('is %s', (line) => {
    expect(isStructure(line)).toBe(true);
  });
});
