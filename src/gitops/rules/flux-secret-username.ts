import { isMap } from '../draft.ts';
import { inspect, is, listAt, mapAt, named, resourcesOf, textAt, valueAt } from '../inspect.ts';
import type { GitopsFinding, Key, Resource, Rule, Tree } from '../model.ts';

const id = 'flux-secret-username';

/** A Secret for a GitRepository that has a password and no username: Flux refuses it. */
export const fluxSecretUsername: Rule = {
  id,
  look: (tree) => {
    const wanted = wantedBy(tree);
    return inspect(tree, (resource): GitopsFinding[] => {
      const made = secretOf(resource);
      const repository = made && wanted.get(`${resource.namespace}/${made.name}`);
      if (made === undefined || repository === undefined) return [];
      const { keys } = made;
      if (!keys.has('password') || keys.has('username') || keys.has('bearerToken')) return [];
      if ([...keys].some((key) => key === 'identity' || key.startsWith('githubApp'))) return [];
      return [
        {
          rule: id,
          severity: 'error',
          at: resource.place(made.path),
          what: `${named(resource)} makes the Secret ${made.name} of ${named(repository)} with a password and no username.`,
          why: "Flux refuses it with \"invalid 'https' auth option: 'password' requires 'username' to be set\": nothing of the tree is ever applied.",
          fix: 'Add username: git to the template (GitHub takes any name beside a token).',
        },
      ];
    });
  },
};

/** `NAMESPACE/SECRET` → the repository that logs in with it, over HTTPS and with no user in its URL. */
function wantedBy(tree: Tree): ReadonlyMap<string, Resource> {
  const wanted = new Map<string, Resource>();
  for (const resource of resourcesOf(tree)) {
    if (!is(resource, 'source.toolkit.fluxcd.io', 'GitRepository')) continue;
    const { manifest } = resource;
    const secret = textAt(manifest, ['spec', 'secretRef', 'name']);
    const url = textAt(manifest, ['spec', 'url']) ?? '';
    const provider = textAt(manifest, ['spec', 'provider']) ?? 'generic';
    if (secret === undefined || provider !== 'generic') continue;
    if (!/^https?:\/\//.test(url) || /^https?:\/\/[^/]*@/.test(url)) continue;
    wanted.set(`${resource.namespace}/${secret}`, resource);
  }
  return wanted;
}

interface Made {
  readonly name: string;
  readonly keys: ReadonlySet<string>;
  readonly path: readonly Key[];
}

/** The Secret that a resource is or makes, where its keys can be told. */
function secretOf(resource: Resource): Made | undefined {
  const { manifest, name } = resource;
  if (is(resource, '', 'Secret')) {
    const keys = new Set([
      ...Object.keys(mapAt(manifest, ['data'])),
      ...Object.keys(mapAt(manifest, ['stringData'])),
    ]);
    return { name, keys, path: [valueAt(manifest, ['stringData']) === undefined ? 'data' : 'stringData'] };
  }
  if (!is(resource, 'external-secrets.io', 'ExternalSecret')) return undefined;
  const target = mapAt(manifest, ['spec', 'target']);
  if (target['creationPolicy'] === 'Merge' || target['creationPolicy'] === 'None') return undefined;
  const made = textAt(target, ['name']) ?? name;
  const template = target['template'];
  const data = listAt(manifest, ['spec', 'data']).flatMap((each) => textAt(each, ['secretKey']) ?? []);
  const open = listAt(manifest, ['spec', 'dataFrom']).length > 0;
  const written = isMap(template) ? Object.keys(mapAt(template, ['data'])) : [];
  const from = isMap(template) && listAt(template, ['templateFrom']).length > 0;
  if (from) return undefined;
  // With a template only what it writes is there, unless it merges.
  if (written.length > 0 && textAt(template, ['mergePolicy']) !== 'Merge')
    return { name: made, keys: new Set(written), path: ['spec', 'target', 'template', 'data'] };
  if (open) return undefined;
  return { name: made, keys: new Set([...written, ...data]), path: ['spec', 'target'] };
}
