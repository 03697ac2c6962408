import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { castleSchema } from '../../src/castle/schema.ts';
import { type ErrorClass, exitCodes } from '../../src/errors.ts';
import { rules } from '../../src/gitops/rules/all.ts';
import { faultKinds } from '../../src/rehearsal/stand-ins/faults.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

function sources(folder: string): string {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => read(join(folder, file)))
    .join('\n');
}

/** Codes as they stand in code: quoted, or at the start of a quoted text's place. */
function codesIn(text: string, quote: RegExp): Set<string> {
  return new Set([...text.matchAll(quote)].map(([, code]) => code ?? ''));
}

describe('the documentation', () => {
  it('lists exactly the error codes that the code can give', () => {
    const given = codesIn(sources('src'), /['"`](PHX-[A-Z0-9]+(?:-[A-Z0-9]+)*)['"`]/g);
    const listed = codesIn(read('docs/errors.md'), /^\| `(PHX-[A-Z0-9-]+)` \|/gm);
    expect([...given].filter((code) => !listed.has(code))).toEqual([]);
    expect([...listed].filter((code) => !given.has(code))).toEqual([]);
  });

  it('has no half of a merge in it, and neither has the code', () => {
    const below = (folder: string) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
    const files = [...below('docs'), ...below('src'), join(root, 'README.md')];
    expect(files.length).toBeGreaterThan(100);
    // In two parts, so that this file itself may be looked at by others.
    const conflict = new RegExp(`^(?:${'<'.repeat(7)}|${'>'.repeat(7)}) `, 'm');
    expect(conflict.test(`a\n${'<'.repeat(7)} HEAD\nb`)).toBe(true);
    expect(files.filter((file) => conflict.test(readFileSync(file, 'utf8')))).toEqual([]);
  });

  it('has no error code that is built from parts, which the list could not be held against', () => {
    // `PHX-CASTLE-${string}` is a type: it builds nothing.
    expect(sources('src').match(/PHX-[A-Z0-9-]*\$\{(?!string\})|['"`]PHX-[A-Z0-9-]*['"`]\s*\+/g)).toBeNull();
  });

  it('puts each error code under the exit code that it ends with', () => {
    const ends = new Map(
      [...sources('src').matchAll(/code: '(PHX-[A-Z0-9-]+)',\s+class: '(\w+)'/g)].map(([, code, name]) => [
        code ?? '',
        exitCodes[name as ErrorClass],
      ]),
    );
    expect(ends.size).toBeGreaterThan(50);
    const sections = read('docs/errors.md')
      .split(/^## .*\((\d+)\)$/m)
      .slice(1);
    const wrong = sections.flatMap((text, index) =>
      index % 2 === 0
        ? []
        : [...codesIn(text, /^\| `(PHX-[A-Z0-9-]+)` \|/gm)].filter(
            (code) => (ends.get(code) ?? Number(sections[index - 1])) !== Number(sections[index - 1]),
          ),
    );
    expect(wrong).toEqual([]);
  });

  it('lists exactly the exit codes', () => {
    const listed = [...codesIn(read('README.md'), /^\| (\d+) \|/gm)].map(Number);
    expect(listed).toEqual([0, ...Object.values(exitCodes)]);
  });

  it('lists exactly the faults of the box', () => {
    const known = Object.entries(faultKinds).flatMap(([name, kinds]) =>
      Object.keys(kinds).map((kind) => `${name}:${kind}`),
    );
    const listed = [...codesIn(read('docs/box.md'), /^\| `([a-z0-9-]+:[a-z0-9-]+)` \|/gm)];
    expect(listed.toSorted()).toEqual(known.toSorted());
  });

  it('lists exactly the rules of the lint of the GitOps tree, in their order', () => {
    const listed = [...codesIn(read('docs/gitops-lint.md'), /^\| `([a-z-]+)` \|/gm)];
    expect(listed).toEqual(rules.map(({ id }) => id));
  });

  it('names every key of the castle file', () => {
    const page = read('docs/castle-file.md');
    const missing = keysOf(JSON.parse(read('phoenix.schema.json'))).filter(
      (key) => !page.includes(`\`${key}\``) && !page.includes(`\`${key}:`),
    );
    expect(missing).toEqual([]);
  });

  it('shows whole castle files that Phoenix takes, and every key of the format in them', () => {
    const page = read('docs/castle-file.md');
    const files = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)]
      .map(([, text]) => text ?? '')
      .filter((text) => text.startsWith('version:'));
    expect(files.map((text) => castleSchema.safeParse(parse(text)).error?.issues)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const { properties } = JSON.parse(read('phoenix.schema.json')) as { properties: object };
    expect(Object.keys(properties).filter((key) => !(key in parse(files[0] ?? '')))).toEqual([]);
  });

  it('names every field of the report', () => {
    const page = read('docs/report.md');
    const { properties } = JSON.parse(read('phoenix-report.schema.json')) as {
      properties: Record<string, object>;
    };
    const fields = [
      ...Object.keys(properties),
      ...['layers', 'gates', 'milestones', 'leaks', 'spans', 'resources'].flatMap((part) =>
        keysOf(properties[part]),
      ),
    ];
    expect(fields.length).toBeGreaterThan(40);
    expect(fields.filter((field) => !page.includes(`\`${field}\``))).toEqual([]);
  });
});

/** Every property name that a JSON Schema speaks of, at any depth. */
function keysOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own =
    'properties' in schema && typeof schema.properties === 'object'
      ? Object.keys(schema.properties ?? {})
      : [];
  return [...new Set([...own, ...Object.values(schema).flatMap(keysOf)])];
}
