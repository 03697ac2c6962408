import { spawnSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lint } from '../../src/gitops/lint.ts';
import type { GitopsFinding } from '../../src/gitops/model.ts';
import { readTree } from '../../src/gitops/read.ts';
import { treeRules } from '../../src/gitops/rules/tree.ts';
import { temporaryFolder } from '../support/folder.ts';
import { configMap, kustomization, type Written } from '../support/gitops/files.ts';
import { cluster, findingsOf, shownFindings } from '../support/gitops/linted.ts';

function looked(root: string): GitopsFinding[] {
  const given = {
    namespaces: new Set(['flux-system']),
    crds: new Set(['*.kustomize.toolkit.fluxcd.io']),
    configMaps: new Map(),
  };
  const entryAt = { file: 'phoenix.yaml', line: 1, column: 1 };
  return lint(readTree({ root, entry: 'cluster', entryAt, given }), treeRules);
}

/** One application whose only resource is `name`. */
const of = (name: string, more: Written = {}): Written => ({
  ...cluster({ apps: ['./apps'] }),
  'apps/kustomization.yaml': kustomization([name]),
  ...more,
});

const bomb = [
  'a: &a [x, x, x, x, x, x, x, x, x]',
  ...'bcdefghij'
    .split('')
    .map((name, index) => `${name}: &${name} [${`*${'abcdefghi'[index]}, `.repeat(9)}]`),
].join('\n');

const monsters: Readonly<Record<string, readonly [text: string, line: number]>> = {
  'an alias bomb': [`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n${bomb}\n`, 1],
  'five megabytes': [
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n${'  k: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n'.repeat(110_000)}`,
    1,
  ],
  'ten megabytes': ['a'.repeat(10_000_000), 1],
  'brackets in brackets': [`a: ${'['.repeat(100_000)}`, 1],
  'maps in maps': [`a: ${'{a: '.repeat(100_000)}`, 1],
  'lists in lists': [`a:\n  ${'- '.repeat(200_000)}x\n`, 1],
  'a null byte': ['apiVersion: v1\nkind: "\0"\n', 1],
  'what is no UTF-8': [Buffer.from([0x61, 0x3a, 0xff, 0xfe]).toString('latin1'), 1],
  'a tab': ['apiVersion: v1\nmetadata:\n\tname: a\n', 3],
  'a key twice': ['apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nkind: Secret\n', 4],
  'an anchor that there is not': ['apiVersion: v1\nkind: ConfigMap\nmetadata: *nowhere\n', 1],
};

describe('a hostile tree ends in findings, in bounded time:', () => {
  test.each(Object.entries(monsters))('%s', async (_, [text, line]) => {
    await using folder = await temporaryFolder(of('a.yaml'));
    await writeFile(join(folder.dir, 'apps/a.yaml'), text, text.includes('ÿ') ? 'latin1' : 'utf8');
    const before = performance.now();
    const found = looked(folder.dir);
    expect(performance.now() - before).toBeLessThan(10_000);
    expect(found.map(({ rule, at }) => `${rule} ${at.file}:${at.line}`)).toEqual([
      `unreadable apps/a.yaml:${line}`,
    ]);
    expect(JSON.stringify(found).length).toBeLessThan(2_000);
  });

  test('a symlink out of the tree, and one inside: Flux leaves both out', async () => {
    await using outside = await temporaryFolder({ 'secret.yaml': configMap('secret') });
    await using folder = await temporaryFolder({ ...of('out.yaml'), 'real/a.yaml': configMap('a') });
    await symlink(join(outside.dir, 'secret.yaml'), join(folder.dir, 'apps/out.yaml'));
    await writeFile(
      join(folder.dir, 'apps/kustomization.yaml'),
      kustomization(['out.yaml', 'in', 'in/a.yaml']),
    );
    await symlink('../real', join(folder.dir, 'apps/in'));
    const found = looked(folder.dir);
    expect(shownFindings(found)).toEqual(
      [4, 5, 6].map((line) => `apps/kustomization.yaml:${line}:5 broken-reference`),
    );
    expect(found[0]?.what).toContain('symlinks');
    expect(JSON.stringify(found)).not.toContain('secret.yaml');
  });

  test('a path that is a symlink, and a pipe that nobody writes to', async () => {
    await using folder = await temporaryFolder({ ...of('pipe.yaml'), 'cluster/more.yaml': '' });
    expect(spawnSync('mkfifo', [join(folder.dir, 'apps/pipe.yaml')]).status).toBe(0);
    await mkdir(join(folder.dir, 'real'));
    await symlink('real', join(folder.dir, 'link'));
    await writeFile(
      join(folder.dir, 'cluster/apps.yaml'),
      `${cluster({ a: ['./apps'] })['cluster/a.yaml']}---\n${cluster({ b: ['./link'] })['cluster/b.yaml']}`,
    );
    expect(shownFindings(looked(folder.dir))).toEqual([
      'apps/kustomization.yaml:4:5 broken-reference',
      'cluster/apps.yaml:22:9 path-not-a-folder',
    ]);
  });

  test.each(['../../../etc/passwd', '/etc/passwd', '../../../../../../../../etc', './../../..'])(
    'the way out %s',
    (way) => {
      const found = findingsOf(of(way));
      expect(shownFindings(found)).toEqual(['apps/kustomization.yaml:4:5 broken-reference']);
      expect(found[0]?.what).toContain('out of the tree');
    },
  );

  test('folders that refer to each other in more ways than can be followed', () => {
    const levels = Array.from({ length: 40 }, (_, level) => [
      `l${level}/kustomization.yaml`,
      kustomization([`../l${level + 1}`, `../l${level + 1}/.`], 'commonLabels: {a: b}\n'),
    ]);
    const found = findingsOf({
      ...cluster({ apps: ['./l0'] }),
      ...Object.fromEntries(levels),
      'l40/kustomization.yaml': kustomization([], 'commonLabels: {a: b}\n'),
    });
    expect(found.map(({ rule }) => rule)).toEqual(['not-looked-at']);
  });

  test('a pattern that would take for ever to match', () => {
    const target =
      'patches:\n  - target: { name: "(a+)+b" }\n    patch: |\n      - { op: add, path: /data, value: {} }\n';
    const found = findingsOf(
      of('a.yaml', {
        'apps/kustomization.yaml': kustomization(['a.yaml'], target),
        'apps/a.yaml': configMap('a'.repeat(200)),
      }),
    );
    expect(found.map(({ rule }) => rule)).toEqual(['not-built']);
  });

  test('keys that mean something to JavaScript', () => {
    const keys = '__proto__: { polluted: true }\nconstructor: { prototype: { polluted: true } }\n';
    const patch =
      'patches:\n  - target: { kind: ConfigMap }\n    patch: |\n      - { op: add, path: /__proto__/polluted, value: true }\n';
    const files = {
      'apps/kustomization.yaml': kustomization(['a.yaml'], patch),
      'apps/a.yaml': `${configMap('a')}${keys}`,
    };
    findingsOf(of('a.yaml', files));
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test('a Kustomization whose fields are of every wrong form', () => {
    const spec =
      'spec: { path: [1], dependsOn: {a: b}, wait: "yes", patches: 3, postBuild: [], components: {}, sourceRef: 7, images: [1] }\n';
    const files = {
      'cluster/apps.yaml': `apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\n${spec}`,
    };
    expect(findingsOf({ ...of('a.yaml', { 'apps/a.yaml': configMap('a') }), ...files })).toEqual([]);
  });

  test('names that no screen should obey are shown on one line', () => {
    const found = findingsOf(of('"\\e[31m\\nred"'));
    expect(found[0]?.what).toMatch(/^[^\p{Cc}]*$/u);
  });

  test('a byte order mark, Windows lines and comments alone are no mistakes', () => {
    const files = {
      'apps/kustomization.yaml': kustomization(['a.yaml', 'b.yaml']).replaceAll('\n', '\r\n'),
      'apps/a.yaml': `\uFEFF${configMap('a')}`,
      'apps/b.yaml': '# nothing\n',
    };
    expect(findingsOf(of('a.yaml', files))).toEqual([]);
  });
});

test('a thousand files are read and judged in seconds', () => {
  const count = 1000;
  const files = Array.from({ length: count }, (_, index) => [
    `apps/c${index}.yaml`,
    configMap(`c${index}`, 'default', 'data:\n  a: b\n'),
  ]);
  const written = {
    ...cluster({ apps: ['./apps'] }),
    'apps/kustomization.yaml': kustomization(files.map(([name = '']) => name.replace('apps/', ''))),
    ...Object.fromEntries(files),
  };
  const before = performance.now();
  expect(findingsOf(written)).toEqual([]);
  // Under a second where nothing else runs; a square of a thousand would take minutes.
  expect(performance.now() - before).toBeLessThan(15_000);
});
