import { configMap, kustomization, type Written } from './files.ts';
import { type Asking, cluster, crd, dependsOn, flux, folder, namespace, object, release } from './linted.ts';
import { morePairs } from './more-pairs.ts';

/** A tree with one mistake, and the nearest one without. */
export interface Pair {
  readonly rule: string;
  readonly mistake: string;
  readonly wrong: Written;
  readonly right: Written;
  /** Where the finding stands: `file:line:column`. */
  readonly at: string;
  readonly severity?: 'warning';
  readonly asking?: Asking;
  readonly rightAsking?: Asking;
}

const apps = folder('apps', configMap('a', 'default'));
const app = cluster({ apps: ['./apps'] });
const issuer = object('cert-manager.io/v1', 'ClusterIssuer', 'i');
const issuerCrd = crd('cert-manager.io', 'ClusterIssuer', 'clusterissuers');
const database = object('postgres-operator.crunchydata.com/v1beta1', 'PostgresCluster', 'db', 'default');
const pgo = { crds: ['*.postgres-operator.crunchydata.com'] };
const monitoring = release('metrics', 'kube-prometheus-stack');
const postBuild = (...lines: readonly string[]) =>
  `  postBuild:\n${lines.map((line) => `    ${line}\n`).join('')}`;
/** What Flux takes for a variable. */
const v = (inner: string) => `\${${inner}}`;
const using = (text: string) => folder('apps', configMap('a', 'default', `data:\n  host: "${text}"\n`));

export const pairs: readonly Pair[] = [
  {
    rule: 'path-not-a-folder',
    mistake: 'a path that is a file',
    wrong: { ...cluster({ apps: ['./apps/kustomization.yaml'] }), ...apps },
    right: { ...app, ...apps },
    at: 'cluster/apps.yaml:9:9',
  },
  {
    rule: 'path-not-a-folder',
    mistake: 'a path that there is not',
    wrong: { ...cluster({ apps: ['./app'] }), ...apps },
    right: { ...app, ...apps },
    at: 'cluster/apps.yaml:9:9',
  },
  {
    rule: 'path-not-a-folder',
    mistake: 'a path out of the tree',
    wrong: { ...cluster({ apps: ['../apps'] }), ...apps },
    right: { ...cluster({ apps: ['/apps/'] }), ...apps },
    at: 'cluster/apps.yaml:9:9',
  },
  {
    rule: 'path-not-a-folder',
    mistake: 'an entry that there is not',
    wrong: { ...app, ...apps },
    right: { ...app, ...apps },
    at: '../phoenix.yaml:3:1',
    asking: { entry: 'clusters' },
    rightAsking: { entry: './cluster/' },
  },
  {
    rule: 'no-kustomization',
    mistake: 'a folder of loose files among the resources',
    wrong: { ...app, 'apps/kustomization.yaml': kustomization(['web']), 'apps/web/web.yaml': configMap('a') },
    // Where the Kustomization names it by itself, Flux makes one.
    right: { ...cluster({ apps: ['./apps/web'] }), 'apps/web/web.yaml': configMap('a') },
    at: 'apps/kustomization.yaml:4:5',
  },
  {
    rule: 'no-kustomization',
    mistake: 'a path without any YAML',
    wrong: { ...app, 'apps/README.md': '' },
    right: { ...app, 'apps/web/web.yml': configMap('a') },
    at: 'cluster/apps.yaml:9:9',
    severity: 'warning',
  },
  {
    rule: 'broken-reference',
    mistake: 'a file that there is not',
    wrong: {
      ...app,
      'apps/kustomization.yaml': kustomization(['a.yaml', 'b.yml']),
      'apps/a.yaml': configMap('a'),
      'apps/b.yaml': configMap('b'),
    },
    right: {
      ...app,
      'apps/kustomization.yaml': kustomization(['a.yaml', 'b.yaml']),
      'apps/a.yaml': configMap('a'),
      'apps/b.yaml': configMap('b'),
    },
    at: 'apps/kustomization.yaml:5:5',
  },
  {
    rule: 'broken-reference',
    mistake: 'a reference one folder short',
    wrong: {
      ...cluster({ apps: ['./apps/web'] }),
      'apps/web/kustomization.yaml': kustomization(['../base/web']),
      ...folder('base/web', configMap('a')),
    },
    right: {
      ...cluster({ apps: ['./apps/web'] }),
      'apps/web/kustomization.yaml': kustomization(['../../base/web']),
      ...folder('base/web', configMap('a')),
    },
    at: 'apps/web/kustomization.yaml:4:5',
  },
  {
    rule: 'broken-reference',
    mistake: 'a patch that there is not',
    wrong: {
      ...app,
      'apps/kustomization.yaml': kustomization(['a.yaml'], 'patches:\n  - path: patch.yaml\n'),
      'apps/a.yaml': configMap('a'),
    },
    right: {
      ...app,
      'apps/kustomization.yaml': kustomization(['a.yaml'], 'patches:\n  - path: patch.yaml\n'),
      'apps/a.yaml': configMap('a'),
      'apps/patch.yaml': configMap('a', '', 'data: {}\n'),
    },
    at: 'apps/kustomization.yaml:6:5',
  },
  {
    rule: 'unreadable',
    mistake: 'a tab',
    wrong: { ...app, ...folder('apps', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: a\n') },
    right: { ...app, ...folder('apps', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n') },
    at: 'apps/all.yaml:4:1',
  },
  {
    rule: 'unreadable',
    mistake: 'resources that stand twice, of which Kustomize takes the last',
    wrong: {
      ...app,
      'apps/kustomization.yaml': kustomization(['a.yaml'], 'resources: [b.yaml]\n'),
      'apps/a.yaml': configMap('a'),
      'apps/b.yaml': configMap('b'),
    },
    right: {
      ...app,
      'apps/kustomization.yaml': kustomization(['a.yaml', 'b.yaml']),
      'apps/a.yaml': configMap('a'),
      'apps/b.yaml': configMap('b'),
    },
    at: 'apps/kustomization.yaml:5:1',
  },
  {
    rule: 'not-built',
    mistake: 'the same object by two ways',
    wrong: {
      ...app,
      'apps/kustomization.yaml': kustomization(['a.yaml', 'b.yaml']),
      'apps/a.yaml': configMap('a'),
      'apps/b.yaml': configMap('a'),
    },
    right: {
      ...app,
      'apps/kustomization.yaml': kustomization(['a.yaml', 'b.yaml']),
      'apps/a.yaml': configMap('a'),
      'apps/b.yaml': configMap('a', 'kube-system'),
    },
    at: 'apps/b.yaml:1:1',
  },
  {
    rule: 'not-built',
    mistake: 'loose YAML that is no manifest, in a folder without a kustomization',
    wrong: { ...app, 'apps/a.yaml': configMap('a'), 'apps/values.yaml': 'replicas: 1\n' },
    right: {
      ...app,
      'apps/kustomization.yaml': kustomization(['a.yaml']),
      'apps/a.yaml': configMap('a'),
      'apps/values.yaml': 'replicas: 1\n',
    },
    at: 'apps/values.yaml:1:1',
  },
  {
    rule: 'not-looked-at',
    mistake: 'a base from another server',
    wrong: { ...app, 'apps/kustomization.yaml': kustomization(['https://github.com/example/base?ref=v1']) },
    right: {
      ...app,
      'apps/kustomization.yaml': kustomization(['../base']),
      ...folder('base', configMap('a')),
    },
    at: 'apps/kustomization.yaml:4:5',
    severity: 'warning',
  },
  {
    rule: 'depends-on-unknown',
    mistake: 'a dependency with a slip in its name',
    wrong: {
      ...cluster({ base: ['./apps'], more: ['./more', dependsOn('bsae')] }),
      ...apps,
      ...folder('more', configMap('b')),
    },
    right: {
      ...cluster({ base: ['./apps'], more: ['./more', dependsOn('base')] }),
      ...apps,
      ...folder('more', configMap('b')),
    },
    at: 'cluster/more.yaml:14:7',
  },
  {
    rule: 'depends-on-cycle',
    mistake: 'two that wait for each other',
    wrong: {
      ...cluster({ a: ['./apps', dependsOn('b')], b: ['./more', dependsOn('a')] }),
      ...apps,
      ...folder('more', configMap('b')),
    },
    right: {
      ...cluster({ a: ['./apps'], b: ['./more', dependsOn('a')] }),
      ...apps,
      ...folder('more', configMap('b')),
    },
    at: 'cluster/a.yaml:14:7',
  },
  {
    rule: 'depends-on-cycle',
    mistake: 'one that depends on the Kustomization that applies it and waits for it',
    wrong: {
      ...cluster({ all: ['./all', '  wait: true\n'] }),
      'all/inner.yaml': flux('inner', './apps', dependsOn('all')),
      ...apps,
    },
    right: {
      ...cluster({ all: ['./all', '  wait: false\n'] }),
      'all/inner.yaml': flux('inner', './apps', dependsOn('all')),
      ...apps,
    },
    at: 'cluster/all.yaml:13:9',
  },
  {
    rule: 'cr-beside-crd',
    mistake: 'a CR beside the chart that brings its CRD',
    wrong: { ...app, ...folder('apps', release('cert-manager', 'cert-manager'), issuer) },
    right: {
      ...cluster({ apps: ['./apps', '  wait: true\n'], issuers: ['./issuers', dependsOn('apps')] }),
      ...folder('apps', release('cert-manager', 'cert-manager')),
      ...folder('issuers', issuer),
    },
    at: 'apps/all.yaml:9:1',
  },
  {
    rule: 'cr-beside-crd',
    mistake: 'a CR beside its CRD',
    wrong: { ...app, ...folder('apps', issuerCrd, issuer) },
    right: {
      ...cluster({ crds: ['./crds'], apps: ['./apps', dependsOn('crds')] }),
      ...folder('crds', issuerCrd),
      ...folder('apps', issuer),
    },
    at: 'apps/all.yaml:16:1',
    severity: 'warning',
  },
  {
    rule: 'crd-not-before',
    mistake: 'a CR whose CRD is not waited for',
    wrong: {
      ...cluster({ crds: ['./crds'], apps: ['./apps'] }),
      ...folder('crds', issuerCrd),
      ...folder('apps', issuer),
    },
    right: {
      ...cluster({
        crds: ['./crds'],
        between: ['./more', dependsOn('crds')],
        apps: ['./apps', dependsOn('between')],
      }),
      ...folder('crds', issuerCrd),
      ...folder('more', configMap('b')),
      ...folder('apps', issuer),
    },
    at: 'apps/all.yaml:1:1',
  },
  {
    rule: 'crd-not-before',
    mistake: 'a CR whose CRD comes from nowhere',
    wrong: { ...app, ...folder('apps', issuer) },
    right: { ...app, ...folder('apps', issuer) },
    rightAsking: { crds: ['clusterissuers.cert-manager.io'] },
    at: 'apps/all.yaml:1:1',
  },
  {
    rule: 'crd-not-before',
    mistake: 'a CR whose CRD a chart brings that nobody waits for',
    wrong: {
      ...cluster({ charts: ['./charts'], apps: ['./apps', dependsOn('charts')] }),
      ...folder('charts', release('cm', 'cert-manager')),
      ...folder('apps', issuer),
    },
    right: {
      ...cluster({
        charts: ['./charts', '  healthChecks: [{ kind: HelmRelease, name: cm, namespace: flux-system }]\n'],
        apps: ['./apps', dependsOn('charts')],
      }),
      ...folder('charts', release('cm', 'cert-manager')),
      ...folder('apps', issuer),
    },
    at: 'apps/all.yaml:1:1',
    severity: 'warning',
  },
  {
    rule: 'wait-on-heavy',
    mistake: 'a wait for monitoring that holds the apps back',
    wrong: {
      ...cluster({ core: ['./core', '  wait: true\n'], apps: ['./apps', dependsOn('core')] }),
      ...folder('core', monitoring, configMap('b', 'default')),
      ...apps,
    },
    right: {
      ...cluster({ core: ['./core', '  wait: false\n'], apps: ['./apps', dependsOn('core')] }),
      ...folder('core', monitoring, configMap('b', 'default')),
      ...apps,
    },
    at: 'cluster/core.yaml:13:9',
    severity: 'warning',
  },
  {
    rule: 'wait-on-heavy',
    mistake: 'a health check of a database that holds back what has no use for it',
    wrong: {
      ...cluster({
        data: ['./data', '  healthChecks:\n    - { kind: PostgresCluster, name: db, namespace: default }\n'],
        apps: ['./apps', dependsOn('data')],
      }),
      ...folder('data', database),
      ...folder('apps', configMap('a', 'kube-system')),
    },
    right: {
      ...cluster({
        data: ['./data', '  healthChecks:\n    - { kind: PostgresCluster, name: db, namespace: default }\n'],
        apps: ['./apps', dependsOn('data')],
      }),
      ...folder('data', database),
      ...folder('apps', configMap('a', 'kube-system', 'data: { secret: db-pguser-app }\n')),
    },
    asking: pgo,
    at: 'cluster/data.yaml:14:5',
    severity: 'warning',
  },
  {
    rule: 'fast-track-on-data',
    mistake: 'a blog behind a database, two steps away',
    wrong: {
      ...cluster({
        data: ['./data'],
        more: ['./more', dependsOn('data')],
        blog: ['./apps', dependsOn('more')],
      }),
      ...folder('data', database),
      ...folder('more', configMap('b')),
      ...apps,
    },
    right: {
      ...cluster({ data: ['./data'], more: ['./more', dependsOn('data')], blog: ['./apps'] }),
      ...folder('data', database),
      ...folder('more', configMap('b')),
      ...apps,
    },
    asking: { ...pgo, fastTrack: ['blog'] },
    at: 'cluster/blog.yaml:14:7',
    severity: 'warning',
  },
  {
    rule: 'fast-track-on-data',
    mistake: 'a blog behind a database that is waited for',
    wrong: {
      ...cluster({ data: ['./data', '  wait: true\n'], blog: ['./apps', dependsOn('data')] }),
      ...folder('data', database),
      ...folder('apps', configMap('a', 'default', 'data: { use: db }\n')),
    },
    right: {
      ...cluster({ data: ['./data', '  wait: true\n'], blog: ['./apps', dependsOn('data')] }),
      ...folder('data', database),
      ...folder('apps', configMap('a', 'default', 'data: { use: db }\n')),
    },
    asking: { ...pgo, fastTrack: ['blog'] },
    rightAsking: { ...pgo, fastTrack: ['data'] },
    at: 'cluster/blog.yaml:14:7',
  },
  {
    rule: 'milestone-unknown',
    mistake: 'a milestone of a Kustomization that there is not',
    wrong: { ...app, ...apps },
    right: { ...app, ...apps },
    asking: {
      milestones: [{ milestone: 'blog', name: 'app', at: { file: '../phoenix.yaml', line: 9, column: 7 } }],
    },
    rightAsking: {
      milestones: [{ milestone: 'blog', name: 'apps', at: { file: '../phoenix.yaml', line: 9, column: 7 } }],
    },
    at: '../phoenix.yaml:9:7',
  },
  {
    rule: 'namespace-before',
    mistake: 'a namespace that comes at the same time',
    wrong: {
      ...cluster({ spaces: ['./spaces'], apps: ['./apps'] }),
      ...folder('spaces', namespace('blog')),
      ...folder('apps', configMap('a', 'blog')),
    },
    right: {
      ...cluster({ spaces: ['./spaces'], apps: ['./apps', dependsOn('spaces')] }),
      ...folder('spaces', namespace('blog')),
      ...folder('apps', configMap('a', 'blog')),
    },
    at: 'apps/all.yaml:5:14',
  },
  {
    rule: 'namespace-before',
    mistake: 'a namespace beside, where the one that applies the Kustomization would be in time',
    wrong: {
      ...cluster({ apps: ['./apps'], more: ['./more'] }),
      ...folder('apps', configMap('a', 'blog')),
      ...folder('more', namespace('blog')),
    },
    right: {
      ...cluster({ apps: ['./apps'] }),
      'cluster/kustomization.yaml': kustomization(['apps.yaml', 'blog.yaml']),
      'cluster/blog.yaml': namespace('blog'),
      ...folder('apps', configMap('a', 'blog')),
    },
    at: 'apps/all.yaml:5:14',
  },
  {
    rule: 'namespace-before',
    mistake: 'a namespace that nothing makes',
    wrong: { ...app, ...folder('apps', configMap('a', 'blog')) },
    // Flux applies namespaces before the rest of a Kustomization, wherever they stand.
    right: { ...app, ...folder('apps', configMap('a', 'blog'), namespace('blog')) },
    at: 'apps/all.yaml:5:14',
  },
  {
    rule: 'namespace-before',
    mistake: 'a namespace that a kustomization puts its objects into',
    wrong: {
      ...app,
      'apps/kustomization.yaml': kustomization(['a.yaml'], 'namespace: blog\n'),
      'apps/a.yaml': configMap('a'),
    },
    right: {
      ...app,
      'apps/kustomization.yaml': kustomization(['a.yaml'], 'namespace: blog\n'),
      'apps/a.yaml': `${configMap('a')}---\n${namespace('any')}`,
    },
    at: 'apps/a.yaml:4:3',
  },
  {
    rule: 'substitution-missing',
    mistake: 'a variable that nothing gives',
    wrong: {
      ...cluster({ apps: ['./apps', postBuild('substitute: { domain: example.org }')] }),
      ...using(`blog.${v('domian')}`),
    },
    right: {
      ...cluster({ apps: ['./apps', postBuild('substitute: { domain: example.org }')] }),
      ...using(`blog.${v('domain')}`),
    },
    at: 'apps/all.yaml:7:9',
  },
  {
    rule: 'substitution-missing',
    mistake: 'a variable of a script, which Flux takes for its own',
    wrong: {
      ...cluster({ apps: ['./apps', postBuild('substituteFrom: [{ kind: ConfigMap, name: vars }]')] }),
      ...folder(
        'apps',
        configMap('a', 'default', `data:\n  run.sh: |\n    #!/bin/sh\n    cd ${v('HOME')}\n`),
      ),
    },
    right: {
      ...cluster({ apps: ['./apps', postBuild('substituteFrom: [{ kind: ConfigMap, name: vars }]')] }),
      ...folder(
        'apps',
        configMap('a', 'default', `data:\n  run.sh: |\n    #!/bin/sh\n    cd $${v('HOME')}\n`),
      ),
    },
    asking: { configMaps: { 'flux-system/vars': ['domain'] } },
    at: 'apps/all.yaml:9:11',
  },
  {
    rule: 'substitution-missing',
    mistake: 'a default without any variable, which Flux leaves as it is',
    wrong: {
      ...cluster({ apps: ['./apps', postBuild('substitute: {}')] }),
      ...using(`${v('domain:=example.org')}`),
    },
    right: {
      ...cluster({ apps: ['./apps', postBuild('substitute: { x: y }')] }),
      ...using(`${v('domain:=example.org')}`),
    },
    at: 'apps/all.yaml:7:9',
  },
  {
    rule: 'substitution-missing',
    mistake: 'a variable of the others, where nothing is put in',
    wrong: {
      ...cluster({ apps: ['./apps'], more: ['./more', postBuild('substitute: { domain: example.org }')] }),
      ...using(`${v('domain')}`),
      ...folder('more', configMap('b')),
    },
    right: {
      ...cluster({ apps: ['./apps'], more: ['./more', postBuild('substitute: { domain: example.org }')] }),
      ...using(`${v('HOME')}`),
      ...folder('more', configMap('b')),
    },
    at: 'apps/all.yaml:7:9',
    severity: 'warning',
  },
  {
    rule: 'substitution-missing',
    mistake: 'a ConfigMap of variables that nobody tells of',
    wrong: {
      ...cluster({ apps: ['./apps', postBuild('substituteFrom:', '  - { kind: ConfigMap, name: vars }')] }),
      ...apps,
    },
    right: {
      ...cluster({ apps: ['./apps', postBuild('substituteFrom:', '  - { kind: ConfigMap, name: vars }')] }),
      ...apps,
    },
    rightAsking: { configMaps: { 'flux-system/vars': [] } },
    at: 'cluster/apps.yaml:15:9',
    severity: 'warning',
  },
  ...morePairs,
];
