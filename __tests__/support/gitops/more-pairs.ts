import { configMap, kustomization } from './files.ts';
import { cluster, crd, dependsOn, flux, folder, namespace, object, release } from './linted.ts';
import type { Pair } from './pairs.ts';

const apps = folder('apps', configMap('a', 'default'));
const app = cluster({ apps: ['./apps'] });
const issuer = object('cert-manager.io/v1', 'ClusterIssuer', 'i');
const alert = object('monitoring.coreos.com/v1', 'PrometheusRule', 'r', 'default');
const wait = '  wait: true\n';
const substituting = '  postBuild: { substitute: { x: y } }\n';
const home = `cd ${'$'}{HOME}`;
const switched = '{ kustomize.toolkit.fluxcd.io/substitute: disabled }';
const values = (text: string) => `  values: ${text}\n`;
/** A Kustomization of another repository: what it applies cannot be seen. */
const elsewhere = (name: string) => ({
  [`cluster/${name}.yaml`]: flux(name, './deploy').replace('name: flux-system }', 'name: other }'),
});
const checking = (kind: string, name: string) =>
  `  healthChecks: [{ apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: ${kind}, name: ${name}, namespace: flux-system }]\n`;

/** A generated script, by the kustomization that has `more`. */
const script = (more: string, generator = '') => ({
  ...cluster({ apps: ['./apps', substituting] }),
  'apps/kustomization.yaml': kustomization(
    [],
    `configMapGenerator:\n  - name: run\n    files: [run.sh]\n${generator}${more}`,
  ),
  'apps/run.sh': home,
});

/** Monitoring and a rule of it, behind `first`. */
const monitoring = (first: readonly [string, string?], ...more: readonly string[]) => ({
  ...cluster({ first, monitoring: ['./monitoring', dependsOn('first')] }),
  ...folder('first', ...more, configMap('b', 'default')),
  ...folder('monitoring', release('mon', 'kube-prometheus-stack'), alert),
});

/** cert-manager without its CRDs and an issuer, behind `first`. */
const certificates = (off: string) => ({
  ...cluster({ first: ['./first'], apps: ['./apps', dependsOn('first')] }),
  ...folder('first', configMap('b', 'default')),
  ...folder('apps', release('cm', 'cert-manager', 'flux-system', off), issuer),
});

const intoBlog = (install: string) => `  targetNamespace: blog\n  install: ${install}\n`;
const makesBlog = release('podinfo', 'podinfo', 'flux-system', intoBlog('{ createNamespace: true }'));

export const morePairs: readonly Pair[] = [
  {
    rule: 'substitution-missing',
    mistake: 'a generated script whose variables are for the shell',
    wrong: script('generatorOptions: { annotations: { other: disabled } }\n'),
    right: script(`generatorOptions: { annotations: ${switched} }\n`),
    at: 'apps/kustomization.yaml:4:5',
  },
  {
    rule: 'substitution-missing',
    mistake: 'a generator that overrules the switch of its kustomization',
    wrong: script(
      `generatorOptions: { labels: ${switched} }\n`,
      `    options: { labels: ${switched.replace('disabled', 'enabled')} }\n`,
    ),
    right: script('', `    options: { labels: ${switched} }\n`),
    at: 'apps/kustomization.yaml:4:5',
  },
  {
    rule: 'cr-beside-crd',
    mistake: 'a CR beside its chart, where no chart before brings the CRDs',
    wrong: monitoring(['./first', wait]),
    right: monitoring(['./first', wait], release('crds', 'prometheus-operator-crds')),
    at: 'monitoring/all.yaml:9:1',
  },
  {
    rule: 'cr-beside-crd',
    mistake: 'a CR beside its chart, which installs its CRDs',
    wrong: {
      ...app,
      ...folder(
        'apps',
        release('mon', 'kube-prometheus-stack', 'flux-system', '  install: { crds: Create }\n'),
        alert,
      ),
    },
    // Where they come from then cannot be told.
    right: {
      ...app,
      ...folder(
        'apps',
        release('mon', 'kube-prometheus-stack', 'flux-system', '  install: { crds: Skip }\n'),
        alert,
      ),
    },
    at: 'apps/all.yaml:10:1',
  },
  {
    rule: 'cr-beside-crd',
    mistake: 'a CR beside its chart, where what may bring the CRDs is not waited for',
    wrong: {
      ...cluster({ first: ['./first'], apps: ['./apps'] }),
      ...elsewhere('first'),
      ...folder('apps', release('cm', 'cert-manager'), issuer),
    },
    right: { ...certificates(''), ...elsewhere('first') },
    at: 'apps/all.yaml:9:1',
  },
  {
    rule: 'crd-not-before',
    mistake: 'a CR beside a chart that is told to leave its CRDs out, where nothing else brings them',
    wrong: certificates(values('{ crds: { enabled: false } }')),
    right: { ...certificates(values('{ installCRDs: false }')), ...elsewhere('first') },
    at: 'apps/all.yaml:10:1',
  },
  {
    rule: 'depends-on-unknown',
    mistake: 'a slip of one letter, where what comes from elsewhere might still hold it',
    wrong: {
      ...cluster({ 'app-three': ['./apps'], more: ['./more', dependsOn('App-Three')], other: ['./x'] }),
      ...elsewhere('other'),
      ...apps,
      ...folder('more', configMap('b')),
    },
    right: {
      ...cluster({ 'app-three': ['./apps'], more: ['./more', dependsOn('app-two')], other: ['./x'] }),
      ...elsewhere('other'),
      ...apps,
      ...folder('more', configMap('b')),
    },
    at: 'cluster/more.yaml:14:7',
    severity: 'warning',
  },
  {
    rule: 'depends-on-cycle',
    mistake: 'one that checks the health of a Kustomization that depends on it',
    wrong: {
      ...cluster({ all: ['./all', checking('Kustomization', 'inner')] }),
      'all/inner.yaml': flux('inner', './apps', dependsOn('all')),
      ...apps,
    },
    right: {
      ...cluster({ all: ['./all', checking('Kustomization', 'inner')] }),
      'all/inner.yaml': flux('inner', './apps'),
      ...apps,
    },
    at: 'cluster/all.yaml:13:18',
  },
  {
    rule: 'wait-on-heavy',
    mistake: 'monitoring that holds back what stands behind one that uses it',
    wrong: {
      ...cluster({
        mon: ['./mon', wait],
        mid: ['./mid', dependsOn('mon')],
        web: ['./apps', dependsOn('mid')],
      }),
      ...folder('mon', release('mon', 'kube-prometheus-stack')),
      ...folder('mid', alert),
      ...apps,
    },
    right: {
      ...cluster({ mon: ['./mon', wait], mid: ['./mid', dependsOn('mon')], web: ['./apps'] }),
      ...folder('mon', release('mon', 'kube-prometheus-stack')),
      ...folder('mid', alert),
      ...apps,
    },
    at: 'cluster/mon.yaml:13:9',
    severity: 'warning',
  },
  {
    rule: 'namespace-before',
    mistake: 'a namespace that only the chart beside makes',
    wrong: { ...app, ...folder('apps', makesBlog, configMap('a', 'blog')) },
    right: { ...app, ...folder('apps', makesBlog, namespace('blog'), configMap('a', 'blog')) },
    at: 'apps/all.yaml:15:14',
  },
  {
    rule: 'namespace-before',
    mistake: 'a namespace that a chart makes which nobody waits for',
    wrong: {
      ...cluster({ charts: ['./charts'], apps: ['./apps', dependsOn('charts')] }),
      ...folder('charts', makesBlog),
      ...folder('apps', configMap('a', 'blog')),
    },
    right: {
      ...cluster({
        charts: ['./charts', checking('HelmRelease', 'podinfo')],
        apps: ['./apps', dependsOn('charts')],
      }),
      ...folder('charts', makesBlog),
      ...folder('apps', configMap('a', 'blog')),
    },
    at: 'apps/all.yaml:5:14',
  },
  {
    rule: 'namespace-before',
    mistake: 'a chart that is put into a namespace that nothing makes',
    wrong: { ...app, ...folder('apps', release('podinfo', 'podinfo', 'flux-system', intoBlog('{}'))) },
    right: { ...app, ...folder('apps', makesBlog) },
    at: 'apps/all.yaml:8:20',
  },
  {
    rule: 'crd-not-before',
    mistake: 'a CR whose CRD comes from a Kustomization that it is applied beside',
    wrong: {
      ...cluster({ all: ['./all'] }),
      'all/inner.yaml': flux('inner', './crds'),
      'all/zz.yaml': issuer,
      ...folder('crds', crd('cert-manager.io', 'ClusterIssuer', 'clusterissuers')),
    },
    right: {
      ...cluster({ all: ['./all'] }),
      'all/inner.yaml': flux('inner', './crds'),
      'all/outer.yaml': flux('outer', './apps', dependsOn('inner')),
      ...folder('apps', issuer),
      ...folder('crds', crd('cert-manager.io', 'ClusterIssuer', 'clusterissuers')),
    },
    at: 'all/zz.yaml:1:1',
  },
];
