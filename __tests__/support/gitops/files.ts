import { posix } from 'node:path';
import type { Files } from '../../../src/gitops/files.ts';

/** A tree written down in a test: paths and texts. */
export type Written = Readonly<Record<string, string>>;

/** The tree without a disk. */
export function writtenFiles(written: Written): Files {
  const folders = new Map<string, Set<string>>([['', new Set()]]);
  for (const path of Object.keys(written)) {
    for (let way = path; way !== '.' && way !== ''; way = posix.dirname(way)) {
      const parent = posix.dirname(way) === '.' ? '' : posix.dirname(way);
      folders.set(parent, (folders.get(parent) ?? new Set()).add(posix.basename(way)));
    }
  }
  return {
    kind: (path) => (folders.has(path) ? 'folder' : Object.hasOwn(written, path) ? 'file' : undefined),
    list: (folder) => [...(folders.get(folder) ?? [])].toSorted(),
    read: (path) => ({ text: written[path] ?? '' }),
  };
}

/** A kustomization file of these resources, and more lines. */
export function kustomization(resources: readonly string[], more = ''): string {
  const listed = resources.map((each) => `  - ${each}\n`).join('');
  return `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n${listed && `resources:\n${listed}`}${more}`;
}

/** A ConfigMap on five lines. */
export function configMap(name: string, namespace = '', more = ''): string {
  const place = namespace && `\n  namespace: ${namespace}`;
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}${place}\n${more}`;
}
