import { joined } from './files.ts';
import { specOf } from './flux.ts';
import type { Resource } from './model.ts';
import { shown } from './report.ts';
import type { Context } from './work.ts';

/** Whether a Kustomization's path is known in the cluster only. */
export function hasVariable(resource: Resource): boolean {
  return specOf(resource).path.includes('${');
}

/**
 * Why what a Kustomization applies cannot be told from this tree; undefined where it can. Where it seems to mean a folder
 * of this tree after all, that is on the report.
 */
export function outside(resource: Resource, context: Context): string | undefined {
  const { path, sourceRef, kubeConfig } = specOf(resource);
  const source = [sourceRef.kind, sourceRef.namespace || resource.namespace, sourceRef.name].join('/');
  if (kubeConfig !== undefined) return 'it is for another cluster';
  if (source !== 'GitRepository/flux-system/flux-system') {
    const folder = joined('', `./${path}`.replace(/^\.\/+/, './')) ?? '';
    if (sourceRef.kind === 'GitRepository' && folder !== '' && context.files.kind(folder) === 'folder') {
      context.report.add('not-looked-at', 'warning', resource.place(['spec', 'sourceRef']), {
        what: `The folder \`${shown(folder)}\` is in this tree, but the source of the Kustomization is \`${shown(source)}\`.`,
        why: 'Only `GitRepository/flux-system/flux-system` is known to be this tree, so nothing below this path was looked at.',
        fix: 'Where that source is this repository, name the GitRepository `flux-system` in `sourceRef`, as Phoenix makes it.',
      });
    }
    return `it comes from ${shown(source)}`;
  }
  if (!path.includes('${')) return undefined;
  context.report.add('not-looked-at', 'warning', resource.place(['spec', 'path']), {
    what: `The path \`${shown(path.replaceAll(/\$\{(\w+)[^}]*\}/g, (_, name) => `\${${name}}`))}\` holds a variable that the tree does not tell.`,
    why: 'Nothing below it was looked at: no mistake there is found before Flux meets it.',
    fix: 'Write the path out, or give the variable by `postBuild.substitute` or by a ConfigMap of the tree.',
  });
  return 'its path holds a variable';
}

export function tooMany(resource: Resource, { report }: Context): void {
  report.add('not-looked-at', 'warning', resource.at, {
    what: `The tree has more Kustomizations than are followed: \`${shown(resource.name)}\` and those after it are left out.`,
    why: 'No mistake in them is found before Flux meets it, and what waits for them is judged without them.',
    fix: 'Give the castle an entry of its own that leads to what it needs.',
  });
}
