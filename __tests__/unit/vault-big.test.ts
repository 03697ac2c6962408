import { expect, test } from 'vitest';
import { createFinder } from '../../src/vault/audit-finder.ts';
import { samplesOf } from '../../src/vault/big.ts';
import { encodingsOf, fileFormsOf } from '../../src/vault/encodings.ts';
import { createRedactor } from '../../src/vault/redact.ts';

/** Lines that differ, with what each escape changes in them. */
const linesOf = (mark: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${mark} "${index * 7919}" <${index}> $\{x} & it's\\${index}`);

const ascii = linesOf('entry', 24_000).join('\n');
const accented = linesOf('größe ✓', 24_000).join('\n');

const found = (secret: string, bytes: Buffer) =>
  [...createFinder(new Map([['BIG', secret]])).find(bytes, bytes.length)].map(({ encoding }) => encoding);

test.each([
  ['ASCII', ascii],
  ['accented', accented],
])('every form of a big secret of %s text is found, though only pieces of it are looked for', (_, secret) => {
  const missed: string[] = [];
  const forms = [...encodingsOf(secret)].filter(([name]) => !/ line \d+$/.test(name));
  for (const [name, form] of forms) if (found(secret, Buffer.from(form)).length === 0) missed.push(name);
  for (const [name, form] of fileFormsOf(secret)) if (!found(secret, form).includes(name)) missed.push(name);
  expect(missed).toEqual([]);
});

test.each([64, 76])('the base64 of a big secret, wrapped at %i columns, is found', (columns) => {
  for (const secret of [ascii, accented]) {
    const base64 = Buffer.from(secret).toString('base64');
    const wrapped = base64.replaceAll(new RegExp(`.{${columns}}`, 'g'), '$&\n');
    expect(found(secret, Buffer.from(wrapped))).toContain(`base64/${columns} line 1`);
  }
});

test('a part of a big secret from anywhere in it is found, where it is an eighth of it and more', () => {
  const length = Math.ceil(ascii.length / 7) + 2000;
  for (const from of [0, 1000, ascii.length >> 1, ascii.length - length])
    expect(found(ascii, Buffer.from(ascii.slice(from, from + length)))).toContain('raw');
  expect(found(ascii, Buffer.from(linesOf('other', 100).join('\n')))).toEqual([]);
});

test('the pieces of a big secret are whole text of it, each another one', () => {
  for (const secret of [ascii, accented]) {
    const samples = samplesOf(secret);
    expect(new Set(samples).size).toBe(8);
    for (const sample of samples) expect(secret).toContain(sample);
  }
});

test('each line of a big secret is masked, as it is, in JSON and in base64', () => {
  const redactor = createRedactor();
  redactor.add('BIG', accented);
  for (const line of linesOf('größe ✓', 24_000).filter((_, index) => index % 3000 === 0)) {
    expect(redactor.redact(`it is ${line}!`)).toBe('it is ***!');
    expect(redactor.redact(`it is ${JSON.stringify(line)}!`)).toBe('it is "***"!');
    expect(redactor.redact(Buffer.from(line).toString('base64'))).toMatch(/^\*{3}.{0,3}=*$/);
  }
});
