import { execFile } from 'node:child_process';
import { readdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { build } from '../../src/gitops/build.ts';
import { resourceOf } from '../../src/gitops/draft.ts';
import { filesBelow } from '../../src/gitops/files.ts';
import { readTree } from '../../src/gitops/read.ts';
import { report } from '../../src/gitops/report.ts';
import { contextOf } from '../../src/gitops/work.ts';
import { temporaryFolder } from '../support/folder.ts';
import { configMap, kustomization } from '../support/gitops/files.ts';
import { kustomizeCorpus } from '../support/gitops/kustomize-corpus.ts';
import { cluster, namespace } from '../support/gitops/linted.ts';
import { tool } from '../support/tools.ts';

const object = z.object({
  apiVersion: z.string().default(''),
  kind: z.string(),
  metadata: z.object({ name: z.string(), namespace: z.string().default('') }),
});

/** Objects as `apiVersion kind namespace/name`, sorted; undefined where Kustomize refuses. */
type Objects = readonly string[] | undefined;

/** The hash that Kustomize appends to what it generates. */
const hash = /-[bcdfghkm246789t5]{10}$/;

const texts = z.record(z.string(), z.string()).default({});
const generated = z.object({
  metadata: z.object({ name: z.string(), labels: texts, annotations: texts }),
});

/** What is written on each, by its name without the hash. */
function writtenOn(manifests: readonly unknown[]) {
  return manifests
    .map((each) => generated.parse(each).metadata)
    .map(({ name, labels, annotations }) => ({ name: name.replace(hash, ''), labels, annotations }))
    .toSorted((one, other) => one.name.localeCompare(other.name));
}

async function byKubectl(folder: string): Promise<Objects> {
  const manifests = await manifestsByKubectl(folder);
  return manifests === undefined ? undefined : objects(manifests);
}

async function manifestsByKubectl(folder: string): Promise<readonly unknown[] | undefined> {
  const kubectl = await tool('kubectl');
  // Flux lifts the restriction too: files of folders beside may be named.
  const args = ['kustomize', '--load-restrictor=LoadRestrictionsNone', folder];
  const said = await new Promise<string | undefined>((resolve) => {
    execFile(kubectl, args, { maxBuffer: 64 * 1024 * 1024 }, (error, out) =>
      resolve(error ? undefined : out),
    );
  });
  return said === undefined ? undefined : [...parseAllDocuments(said)].map((each) => each.toJS());
}

function byPhoenix(root: string, folder: string): Objects {
  const context = contextOf(filesBelow(root), report());
  const { drafts, broken } = build(context, folder, { file: folder, line: 1, column: 1 }, []);
  return broken ? undefined : objects(drafts.map((draft) => resourceOf(draft).manifest));
}

function objects(manifests: readonly unknown[]): string[] {
  return manifests
    .filter((each) => each !== null)
    .map((each) => {
      const { apiVersion, kind, metadata } = object.parse(each);
      const generated = (kind === 'ConfigMap' || kind === 'Secret') && hash.test(metadata.name);
      const name = generated ? metadata.name.replace(hash, '') : metadata.name;
      return `${apiVersion} ${kind} ${metadata.namespace}/${name}`;
    })
    .toSorted();
}

describe('a folder is built as Kustomize builds it, or refused as it refuses:', () => {
  test.each(Object.entries(kustomizeCorpus))('%s', async (_, written) => {
    await using folder = await temporaryFolder(written);
    expect(byPhoenix(folder.dir, 'top')).toEqual(await byKubectl(join(folder.dir, 'top')));
  });

  test('a Kustomization of Flux as the kustomization that its controller writes from it', async () => {
    const part = 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [more.yaml]\n';
    const patch = `- patch: |\n        ${configMap('a', '', 'data: {x: y}').replaceAll('\n', '\n        ')}\n`;
    const folder = {
      'apps/a.yaml': `${configMap('a')}---\n${namespace('n')}`,
      'apps/deep/b.yml': configMap('b', 'here'),
      'apps/deep/README.md': 'no: manifest',
      'apps/own/kustomization.yaml': kustomization(['c.yaml']),
      'apps/own/c.yaml': configMap('c'),
      'apps/own/d.yaml': configMap('d'),
      'part/kustomization.yaml': part,
      'part/more.yaml': configMap('more'),
    };
    const spec = `namePrefix: p-\n  nameSuffix: -s\n  components: [../part]\n  patches:\n    ${patch}`;
    await using written = await temporaryFolder({
      ...folder,
      ...cluster({ apps: ['./apps', `  targetNamespace: there\n  ${spec}`] }),
      // As fluxcd/pkg, kustomize/kustomize_generator.go, writes it: files below, and folders that have one of their own.
      'apps-as-flux-writes-it.yaml': `${kustomization(['./a.yaml', './deep/b.yml', './own'])}namespace: there\n${spec.replaceAll('\n  ', '\n')}`,
    });
    const entryAt = { file: 'phoenix.yaml', line: 1, column: 1 };
    const given = { namespaces: new Set<string>(), crds: new Set<string>(), configMaps: new Map() };
    const tree = readTree({ root: written.dir, entry: 'cluster', entryAt, given });
    expect(tree.broken).toEqual([]);
    const read = objects(tree.nodes[1]?.resources.map(({ manifest }) => manifest) ?? []);
    expect(read.length).toBe(5);
    await rename(
      join(written.dir, 'apps-as-flux-writes-it.yaml'),
      join(written.dir, 'apps/kustomization.yaml'),
    );
    expect(read).toEqual(await byKubectl(join(written.dir, 'apps')));
  });

  test('labels and annotations of what it generates, with the options of all and of each', async () => {
    const options = (each: string) =>
      `{ labels: { of: ${each}, ${each}: l }, annotations: { of: ${each}, ${each}: a } }`;
    const generator = (name: string, more = '') => `  - name: ${name}\n    literals: [A=1]\n${more}`;
    await using written = await temporaryFolder({
      'base/kustomization.yaml': kustomization(
        [],
        `configMapGenerator:\n${generator('merged')}${generator('replaced')}generatorOptions: ${options('base')}\n`,
      ),
      'top/kustomization.yaml': kustomization(
        ['../base'],
        `configMapGenerator:
${generator('plain')}${generator('own', `    options: ${options('own')}\n`)}${generator('merged', '    behavior: merge\n')}${generator('replaced', '    behavior: replace\n')}secretGenerator:
${generator('secret')}generatorOptions: ${options('top')}\n`,
      ),
    });
    const root = written.dir;
    const context = contextOf(filesBelow(root), report());
    const { drafts } = build(context, 'top', { file: 'top', line: 1, column: 1 }, []);
    const built = writtenOn(drafts.map((draft) => resourceOf(draft).manifest));
    expect(built.map(({ name }) => name)).toEqual(['merged', 'own', 'plain', 'replaced', 'secret']);
    expect(built).toEqual(writtenOn((await manifestsByKubectl(join(root, 'top'))) ?? []));
  });

  test('every folder of the reference castle', async () => {
    const root = join(import.meta.dirname, '../../castle/gitops');
    const files = await readdir(root, { recursive: true });
    const folders = files.filter((file) => file.endsWith('kustomization.yaml')).map((file) => dirname(file));
    expect(folders.length).toBeGreaterThan(5);
    for (const folder of folders) {
      const built = await byKubectl(join(root, folder));
      expect(built?.length, folder).toBeGreaterThan(0);
      expect(byPhoenix(root, folder), folder).toEqual(built);
    }
  });
});
