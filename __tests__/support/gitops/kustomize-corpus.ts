import { configMap, kustomization, type Written } from './files.ts';

/** Folders for Kustomize, in the ways that people write them; each is built from its folder `top`. */
export const kustomizeCorpus: Readonly<Record<string, Written>> = {
  'a file': { 'top/kustomization.yaml': kustomization(['a.yaml']), 'top/a.yaml': configMap('a') },
  'kustomization.yml': { 'top/kustomization.yml': kustomization(['a.yaml']), 'top/a.yaml': configMap('a') },
  Kustomization: { 'top/Kustomization': kustomization(['a.yaml']), 'top/a.yaml': configMap('a') },
  'two kustomization files': {
    'top/kustomization.yaml': kustomization(['a.yaml']),
    'top/kustomization.yml': kustomization(['a.yaml']),
    'top/a.yaml': configMap('a'),
  },
  'no kustomization file': { 'top/a.yaml': configMap('a') },
  'an empty kustomization file': { 'top/kustomization.yaml': '' },
  'a kustomization of kind and version alone': { 'top/kustomization.yaml': kustomization([]) },
  'an empty list of resources': { 'top/kustomization.yaml': kustomization([], 'resources: []\n') },
  'resources that are null': { 'top/kustomization.yaml': kustomization([], 'resources:\n') },
  'resources that are text': { 'top/kustomization.yaml': kustomization([], 'resources: a.yaml\n') },
  'a kustomization that is a list': { 'top/kustomization.yaml': '- a.yaml\n' },
  'no kind and no version': {
    'top/kustomization.yaml': 'resources: [a.yaml]\n',
    'top/a.yaml': configMap('a'),
  },
  'another kind': {
    'top/kustomization.yaml': 'kind: Customization\nresources: [a.yaml]\n',
    'top/a.yaml': configMap('a'),
  },
  'another version': {
    'top/kustomization.yaml':
      'apiVersion: kustomize.config.k8s.io/v1\nkind: Kustomization\nresources: [a.yaml]\n',
    'top/a.yaml': configMap('a'),
  },
  'a field that there is not': {
    'top/kustomization.yaml': kustomization(['a.yaml'], 'resourses: [a.yaml]\n'),
    'top/a.yaml': configMap('a'),
  },
  'a field in capitals': { 'top/kustomization.yaml': 'Resources: [a.yaml]\n', 'top/a.yaml': configMap('a') },
  'a missing file': { 'top/kustomization.yaml': kustomization(['b.yaml']), 'top/a.yaml': configMap('a') },
  'a file in other case': {
    'top/kustomization.yaml': kustomization(['A.yaml']),
    'top/a.yaml': configMap('a'),
  },
  'the same file twice': {
    'top/kustomization.yaml': kustomization(['a.yaml', 'a.yaml']),
    'top/a.yaml': configMap('a'),
  },
  'the same file by two ways': {
    'top/kustomization.yaml': kustomization(['../base', '../other']),
    'base/kustomization.yaml': kustomization(['a.yaml']),
    'base/a.yaml': configMap('a'),
    'other/kustomization.yaml': kustomization(['../base']),
  },
  'two objects of one name in one namespace, once unsaid': {
    'top/kustomization.yaml': kustomization(['a.yaml', 'b.yaml']),
    'top/a.yaml': configMap('a'),
    'top/b.yaml': configMap('a', 'default'),
  },
  'two objects of one name in two namespaces': {
    'top/kustomization.yaml': kustomization(['a.yaml', 'b.yaml']),
    'top/a.yaml': configMap('a', 'x'),
    'top/b.yaml': configMap('a', 'y'),
  },
  'one name in two versions of a kind': {
    'top/kustomization.yaml': kustomization(['a.yaml']),
    'top/a.yaml':
      'apiVersion: x.io/v1\nkind: A\nmetadata: {name: a}\n---\napiVersion: x.io/v2\nkind: A\nmetadata: {name: a}\n',
  },
  'a folder': {
    'top/kustomization.yaml': kustomization(['inner']),
    'top/inner/kustomization.yaml': kustomization(['a.yaml']),
    'top/inner/a.yaml': configMap('a'),
  },
  'a folder with a slash at its end': {
    'top/kustomization.yaml': kustomization(['./inner/']),
    'top/inner/kustomization.yaml': kustomization(['a.yaml']),
    'top/inner/a.yaml': configMap('a'),
  },
  'a folder without a kustomization file': {
    'top/kustomization.yaml': kustomization(['inner']),
    'top/inner/a.yaml': configMap('a'),
  },
  'the kustomization file of a folder': {
    'top/kustomization.yaml': kustomization(['inner/kustomization.yaml']),
    'top/inner/kustomization.yaml': kustomization(['a.yaml']),
    'top/inner/a.yaml': configMap('a'),
  },
  'a folder below a file': {
    'top/kustomization.yaml': kustomization(['a.yaml/inner']),
    'top/a.yaml': configMap('a'),
  },
  'a folder beside': {
    'top/kustomization.yaml': kustomization(['../base']),
    'base/kustomization.yaml': kustomization(['a.yaml', 'b.yaml']),
    'base/a.yaml': configMap('a'),
    'base/b.yaml': configMap('b', 'x'),
  },
  'a file of a folder beside': {
    'top/kustomization.yaml': kustomization(['../base/a.yaml']),
    'base/a.yaml': configMap('a'),
  },
  'the folder itself': { 'top/kustomization.yaml': kustomization(['.']) },
  'the folder above': {
    'top/kustomization.yaml': kustomization(['..']),
    'kustomization.yaml': kustomization(['a.yaml']),
    'a.yaml': configMap('a'),
  },
  'two folders that refer to each other': {
    'top/kustomization.yaml': kustomization(['../base']),
    'base/kustomization.yaml': kustomization(['../top']),
  },
  'a base that is empty': {
    'top/kustomization.yaml': kustomization(['../base']),
    'base/kustomization.yaml': kustomization([]),
  },
  'an absolute path': { 'top/kustomization.yaml': kustomization(['/nowhere/a.yaml']) },
  'nothing as a resource': { 'top/kustomization.yaml': kustomization(['""']) },
  'bases, as of old': {
    'top/kustomization.yaml': kustomization([], 'bases: [../base]\n'),
    'base/kustomization.yaml': kustomization(['a.yaml']),
    'base/a.yaml': configMap('a'),
  },
  'documents, empty ones among them': {
    'top/kustomization.yaml': kustomization(['a.yaml']),
    'top/a.yaml': `# first\n---\n${configMap('a')}---\n---\n# nothing\n---\n${configMap('b')}...\n`,
  },
  'an empty file': {
    'top/kustomization.yaml': kustomization(['a.yaml', 'b.yaml']),
    'top/a.yaml': '',
    'top/b.yaml': configMap('b'),
  },
  'a List': {
    'top/kustomization.yaml': kustomization(['a.yaml']),
    'top/a.yaml':
      'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n- {apiVersion: v1, kind: Secret, metadata: {name: b}}\n',
  },
  text: { 'top/kustomization.yaml': kustomization(['a.yaml']), 'top/a.yaml': 'hello\n' },
  'a list at the top': { 'top/kustomization.yaml': kustomization(['a.yaml']), 'top/a.yaml': '- a\n- b\n' },
  'no kind': {
    'top/kustomization.yaml': kustomization(['a.yaml']),
    'top/a.yaml': 'apiVersion: v1\nmetadata: {name: a}\n',
  },
  'no name': {
    'top/kustomization.yaml': kustomization(['a.yaml']),
    'top/a.yaml': 'apiVersion: v1\nkind: ConfigMap\n',
  },
  'YAML that is none': {
    'top/kustomization.yaml': kustomization(['a.yaml']),
    'top/a.yaml': `${configMap('a')}  x: [\n`,
  },
  'a tab': {
    'top/kustomization.yaml': kustomization(['a.yaml']),
    'top/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: a\n',
  },
  'Windows lines': {
    'top/kustomization.yaml': kustomization(['a.yaml']).replaceAll('\n', '\r\n'),
    'top/a.yaml': configMap('a').replaceAll('\n', '\r\n'),
  },
  'a byte order mark': {
    'top/kustomization.yaml': kustomization(['a.yaml']),
    'top/a.yaml': `\uFEFF${configMap('a')}`,
  },
  'anchors and merge keys': {
    'top/kustomization.yaml': kustomization(['a.yaml']),
    'top/a.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata: &m\n  name: a\n  labels: {x: y}\ndata:\n  <<: {a: b}\n  c: d\n',
  },
  'a null in a list': {
    'top/kustomization.yaml': kustomization(['a.yaml']),
    'top/a.yaml': 'apiVersion: x.io/v1\nkind: A\nmetadata: {name: a}\nspec:\n  list:\n  - \n  - b\n',
  },
  'a namespace': {
    'top/kustomization.yaml': kustomization(['a.yaml'], 'namespace: there\n'),
    'top/a.yaml': [
      configMap('a', 'here'),
      configMap('b'),
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: here}\n',
      'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: c}\n',
      'apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {name: d}\n',
      'apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: e}\nprovisioner: x\n',
      'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: as.x.io}\nspec: {group: x.io, names: {kind: A, plural: as}, scope: Namespaced, versions: []}\n',
    ].join('---\n'),
  },
  'a namespace that makes two of one': {
    'top/kustomization.yaml': kustomization(['a.yaml'], 'namespace: there\n'),
    'top/a.yaml': `${configMap('a', 'x')}---\n${configMap('a', 'y')}`,
  },
  'a namespace over the namespace of a base': {
    'top/kustomization.yaml': kustomization(['../base'], 'namespace: outer\n'),
    'base/kustomization.yaml': kustomization(['a.yaml'], 'namespace: inner\n'),
    'base/a.yaml': configMap('a'),
  },
  'a prefix and a suffix': {
    'top/kustomization.yaml': kustomization(['a.yaml'], 'namePrefix: p-\nnameSuffix: -s\n'),
    'top/a.yaml': [
      configMap('a'),
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n',
      'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: sa}\n',
      'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r}\n',
      'apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: rb}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}\nsubjects: [{kind: ServiceAccount, name: sa}]\n',
    ].join('---\n'),
  },
  'generated ConfigMaps and Secrets': {
    'top/kustomization.yaml': kustomization(
      [],
      'namespace: x\nconfigMapGenerator:\n- name: a\n  literals: [A=1, "B=\'2\'"]\n  files: [f.txt, g=f.txt]\n  envs: [e.env]\nsecretGenerator:\n- name: b\n  literals: [A=1]\n  namespace: x\n',
    ),
    'top/f.txt': 'hello\n',
    'top/e.env': '# comment\nC=3\n\nD=4=5\n',
  },
  'options of what is generated': {
    'top/kustomization.yaml': kustomization(
      [],
      'generatorOptions: { disableNameSuffixHash: true, labels: { a: b } }\nconfigMapGenerator:\n- name: a\n  literals: [A=1]\n  options: { annotations: { c: d }, immutable: true }\n',
    ),
  },
  'a generator whose file is missing': {
    'top/kustomization.yaml': kustomization([], 'configMapGenerator:\n- name: a\n  files: [f.txt]\n'),
  },
  'a generator whose env file is missing': {
    'top/kustomization.yaml': kustomization([], 'configMapGenerator:\n- name: a\n  envs: [f.env]\n'),
  },
  'a generator without a name': {
    'top/kustomization.yaml': kustomization([], 'configMapGenerator:\n- literals: [A=1]\n'),
  },
  'a literal without =': {
    'top/kustomization.yaml': kustomization([], 'configMapGenerator:\n- name: a\n  literals: [A]\n'),
  },
  'a generator that merges into a base': {
    'top/kustomization.yaml': kustomization(
      ['../base'],
      'configMapGenerator:\n- name: a\n  behavior: merge\n  literals: [B=2]\n',
    ),
    'base/kustomization.yaml': kustomization([], 'configMapGenerator:\n- name: a\n  literals: [A=1]\n'),
  },
  'a generator that merges into nothing': {
    'top/kustomization.yaml': kustomization(
      [],
      'configMapGenerator:\n- name: a\n  behavior: merge\n  literals: [B=2]\n',
    ),
  },
  'a component': {
    'top/kustomization.yaml': kustomization(['a.yaml'], 'components: [../part]\n'),
    'top/a.yaml': configMap('a'),
    'part/kustomization.yaml':
      'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [b.yaml]\nnamespace: x\n',
    'part/b.yaml': configMap('b'),
  },
  'a component that is none': {
    'top/kustomization.yaml': kustomization(['a.yaml'], 'components: [../part]\n'),
    'top/a.yaml': configMap('a'),
    'part/kustomization.yaml': kustomization(['b.yaml']),
    'part/b.yaml': configMap('b'),
  },
  'a component as a resource': {
    'top/kustomization.yaml': kustomization(['../part']),
    'part/kustomization.yaml':
      'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [b.yaml]\n',
    'part/b.yaml': configMap('b'),
  },
  'a component that is a file': {
    'top/kustomization.yaml': kustomization(['a.yaml'], 'components: [a.yaml]\n'),
    'top/a.yaml': configMap('a'),
  },
  'a component that is missing': {
    'top/kustomization.yaml': kustomization(['a.yaml'], 'components: [../part]\n'),
    'top/a.yaml': configMap('a'),
  },
  'a patch by name': {
    'top/kustomization.yaml': kustomization(['a.yaml'], 'patches:\n- path: p.yaml\n'),
    'top/a.yaml': configMap('a'),
    'top/p.yaml': configMap('a', '', 'data: {x: y}\n'),
  },
  'a patch by a name that there is not': {
    'top/kustomization.yaml': kustomization(['a.yaml'], 'patches:\n- path: p.yaml\n'),
    'top/a.yaml': configMap('a'),
    'top/p.yaml': configMap('b', '', 'data: {x: y}\n'),
  },
  'a patch without the namespace that is written': {
    'top/kustomization.yaml': kustomization(['a.yaml'], 'patches:\n- path: p.yaml\n'),
    'top/a.yaml': configMap('a', 'x'),
    'top/p.yaml': configMap('a', '', 'data: {x: y}\n'),
  },
  'a patch by the name of before a prefix': {
    'top/kustomization.yaml': kustomization(['../base'], 'patches:\n- path: p.yaml\n'),
    'top/p.yaml': configMap('a', '', 'data: {x: y}\n'),
    'base/kustomization.yaml': kustomization(['a.yaml'], 'namePrefix: p-\nnamespace: x\n'),
    'base/a.yaml': configMap('a'),
  },
  'a patch that is missing': {
    'top/kustomization.yaml': kustomization(['a.yaml'], 'patches:\n- path: p.yaml\n'),
    'top/a.yaml': configMap('a'),
  },
  'a patch with neither path nor text': {
    'top/kustomization.yaml': kustomization(['a.yaml'], 'patches:\n- target: {kind: ConfigMap}\n'),
    'top/a.yaml': configMap('a'),
  },
  'a patch with a target that selects none': {
    'top/kustomization.yaml': kustomization(
      ['a.yaml'],
      'patches:\n- target: {kind: Secret}\n  patch: |\n    apiVersion: v1\n    kind: Secret\n    metadata: {name: any}\n    data: {}\n',
    ),
    'top/a.yaml': configMap('a'),
  },
  'a patch with a target by pattern and label': {
    'top/kustomization.yaml': kustomization(
      ['a.yaml'],
      'patches:\n- target: {kind: Config.*, labelSelector: "x=y"}\n  patch: |\n    - op: replace\n      path: /metadata/namespace\n      value: patched\n',
    ),
    'top/a.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: n, labels: {x: y}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: n}\n',
  },
  'a JSON patch without a target': {
    'top/kustomization.yaml': kustomization(
      ['a.yaml'],
      'patches:\n- patch: |\n    - {op: add, path: /data, value: {}}\n',
    ),
    'top/a.yaml': configMap('a'),
  },
  'a JSON patch that does not apply': {
    'top/kustomization.yaml': kustomization(
      ['a.yaml'],
      'patches:\n- target: {kind: ConfigMap}\n  patch: |\n    - {op: remove, path: /data/x}\n',
    ),
    'top/a.yaml': configMap('a'),
  },
  'a JSON patch whose test fails': {
    'top/kustomization.yaml': kustomization(
      ['a.yaml'],
      'patches:\n- target: {kind: ConfigMap}\n  patch: |\n    - {op: test, path: /metadata/name, value: b}\n',
    ),
    'top/a.yaml': configMap('a'),
  },
  'a patch that deletes': {
    'top/kustomization.yaml': kustomization(
      ['a.yaml', 'b.yaml'],
      'patches:\n- patch: |\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: a}\n    $patch: delete\n',
    ),
    'top/a.yaml': configMap('a'),
    'top/b.yaml': configMap('b'),
  },
  'patches of old': {
    'top/kustomization.yaml': kustomization(
      ['a.yaml'],
      'patchesStrategicMerge:\n- p.yaml\n- |\n  apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n  data: {z: z}\npatchesJson6902:\n- target: {version: v1, kind: ConfigMap, name: a}\n  patch: |\n    - {op: add, path: /data/q, value: q}\n',
    ),
    'top/a.yaml': configMap('a'),
    'top/p.yaml': configMap('a', '', 'data: {x: y}\n'),
  },
  'a patch of two documents': {
    'top/kustomization.yaml': kustomization(['a.yaml'], 'patches:\n- path: p.yaml\n'),
    'top/a.yaml': `${configMap('a')}---\n${configMap('b')}`,
    'top/p.yaml': `${configMap('a', '', 'data: {x: y}\n')}---\n${configMap('b', '', 'data: {x: y}\n')}`,
  },
  'a patch of two documents with a target': {
    'top/kustomization.yaml': kustomization(
      ['a.yaml'],
      'patches:\n- path: p.yaml\n  target: {kind: ConfigMap}\n',
    ),
    'top/a.yaml': configMap('a'),
    'top/p.yaml': `${configMap('a', '', 'data: {x: y}\n')}---\n${configMap('b', '', 'data: {x: y}\n')}`,
  },
  'what is for the machine alone': {
    'top/kustomization.yaml': kustomization(['a.yaml', 'b.yaml']),
    'top/a.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {config.kubernetes.io/local-config: "true"}}\n',
    'top/b.yaml': configMap('b'),
  },
  'a key that stands twice in a resource': {
    'top/kustomization.yaml': kustomization(['a.yaml']),
    'top/a.yaml': `${configMap('a')}kind: Secret\n`,
  },
  'a key that stands twice in a kustomization': {
    'top/kustomization.yaml': kustomization(['a.yaml'], 'resources: [b.yaml]\n'),
    'top/a.yaml': configMap('a'),
    'top/b.yaml': configMap('b'),
  },
  'images and labels': {
    'top/kustomization.yaml': kustomization(
      ['a.yaml'],
      'images: [{name: x, newTag: "1"}]\nlabels: [{pairs: {a: b}}]\ncommonAnnotations: {c: d}\n',
    ),
    'top/a.yaml':
      'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: "x:0"}]}\n',
  },
};
