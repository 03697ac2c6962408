import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { build } from '../../src/gitops/build.ts';
import { resourceOf } from '../../src/gitops/draft.ts';
import { filesBelow } from '../../src/gitops/files.ts';
import { report } from '../../src/gitops/report.ts';
import { contextOf } from '../../src/gitops/work.ts';
import { temporaryFolder } from '../support/folder.ts';
import { kustomizeCorpus } from '../support/gitops/kustomize-corpus.ts';
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

async function byKubectl(folder: string): Promise<Objects> {
  const kubectl = await tool('kubectl');
  // Flux lifts the restriction too: files of folders beside may be named.
  const args = ['kustomize', '--load-restrictor=LoadRestrictionsNone', folder];
  const said = await new Promise<string | undefined>((resolve) => {
    execFile(kubectl, args, { maxBuffer: 64 * 1024 * 1024 }, (error, out) =>
      resolve(error ? undefined : out),
    );
  });
  return said === undefined ? undefined : objects([...parseAllDocuments(said)].map((each) => each.toJS()));
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
