import { describe, expect, test, vi } from 'vitest';
import { loadCastle } from '../../src/castle/load.ts';
import type { Finding, Subject } from '../../src/doctor/check.ts';
import { gitopsTree } from '../../src/doctor/gitops.ts';
import { shownChecks } from '../../src/doctor/words.ts';
import { explain, PhoenixError } from '../../src/errors.ts';
import { lint } from '../../src/gitops/lint.ts';
import { annotateFindings } from '../../src/outputs.ts';
import { loggable, logLine } from '../../src/report/printable.ts';
import { temporaryFolder } from '../support/folder.ts';
import { configMap, kustomization, type Written } from '../support/gitops/files.ts';
import {
  cluster,
  findingsOf,
  flux,
  folder,
  object,
  shownFindings,
  treeOf,
} from '../support/gitops/linted.ts';

const castleText = `version: 1
castle: small
live: live
gitops: { path: tree, entry: cluster }
milestones:
  blog: { within: 1m, all: [{ kustomization: apps }] }
`;

interface Printed {
  readonly finding: Finding;
  readonly text: string;
  readonly json: string;
  readonly annotations: string;
}

/** What the check of a written tree prints, in each of its forms. */
async function printedOf(tree: Written): Promise<Printed> {
  const files = Object.entries(tree).map(([path, text]) => [`tree/${path}`, text]);
  await using dir = await temporaryFolder({
    'phoenix.yaml': castleText,
    'live/a/terragrunt.hcl': '',
    ...Object.fromEntries(files),
  });
  const castle = await loadCastle(`${dir.dir}/phoenix.yaml`);
  const finding = await gitopsTree.look({ castle } as unknown as Subject);
  const examined = { id: gitopsTree.id, ...finding, why: finding.why ?? gitopsTree.why };
  const lines: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  try {
    annotateFindings(finding.findings ?? [], (text) => text);
  } finally {
    write.mockRestore();
  }
  const text = shownChecks([examined]).join('\n');
  return { finding, text, json: JSON.stringify(examined), annotations: lines.join('') };
}

const apps = (more: Written): Written => ({ ...cluster({ apps: ['./apps'] }), ...more });
const generated = (lines: string) => apps({ 'apps/kustomization.yaml': kustomization([], lines) });
const yaml = (line: string) =>
  apps(folder('apps', `${configMap('a', 'flux-system', 'data:\n')}  password: ${line}\n`));
const resource = (entry: string) => apps({ 'apps/kustomization.yaml': kustomization([entry]) });

const places: Readonly<Record<string, Written>> = {
  'a literal that is none': generated('secretGenerator:\n  - { name: a, literals: ["PASSWORD: hunter2"] }\n'),
  'a literal among the files': generated('secretGenerator:\n  - { name: a, files: ["PASSWORD=hunter2"] }\n'),
  'a literal among the envs': generated('secretGenerator:\n  - { name: a, envs: ["PASSWORD=hunter2"] }\n'),
  'an address among the envs': generated(
    'secretGenerator:\n  - { name: a, envs: ["postgres://u:hunter2@h/db"] }\n',
  ),
  'an alias': yaml('*hunter2'),
  'a block': yaml('|hunter2'),
  'a folded block': yaml('>hunter2'),
  'an escape': yaml('"\\uhunter2"'),
  'an anchor': yaml('&hunter2 *hunter2'),
  'a tag': yaml('!hunter2 [a'),
  'the default of a variable': {
    ...cluster({ apps: ['./apps', '  postBuild: { substitute: {} }\n'] }),
    ...folder('apps', configMap('a', 'flux-system', `data:\n  a: \${DB_PASSWORD:=hunter2}\n`)),
  },
  'who asks for a base': resource('https://bot:hunter2@github.com/o/r//base?ref=v1'),
  'a token that asks for a base': resource('https://hunter2@github.com/o/r//base?ref=v1'),
  'a base by git': resource('git::https://bot:p@hunter2@github.com/o/r'),
  'the query of a base': resource('https://github.com/o/r//base?private_token=hunter2&ref=v1'),
  'a base without its scheme': resource('bot:hunter2@example.org/o/r'),
  'a manifest in the place of a path': resource('"kind: Secret\\nstringData: { a: hunter2 }"'),
  'the path of a Kustomization': cluster({ apps: [`./\${NAME:=hunter2}`] }),
};

describe('a finding gives place and kind, and no value, in text, JSON and annotations:', () => {
  test.each(Object.entries(places))('%s', async (_, tree) => {
    const { finding, text, json, annotations } = await printedOf(tree);
    expect(finding.findings?.length).toBeGreaterThan(0);
    for (const each of [text, json, annotations]) {
      expect(each.length).toBeGreaterThan(100);
      // The beginning: an escape is repeated in part.
      expect(each).not.toContain('hunt');
    }
  });

  test('an address keeps what tells it from others', () => {
    const whats = (entry: string) => findingsOf(resource(entry)).map(({ what }) => what);
    expect(whats('https://bot:x@github.com/o/r//base?a=b&ref=v1')).toEqual([
      '`https://…@github.com/o/r//base?ref=v1` is fetched from elsewhere.',
    ]);
    expect(whats('git@github.com:o/r.git')).toEqual(['`git@github.com:o/r.git` is fetched from elsewhere.']);
    expect(whats('ssh://git@github.com/o/r')).toEqual([
      '`ssh://git@github.com/o/r` is fetched from elsewhere.',
    ]);
  });
});

describe('nothing of a tree is a command to the runner', () => {
  test('in the text of the check', async () => {
    const hostile = `apiVersion: v1\nkind: "::error file=x,title=pwned::hello%0A"\nmetadata: { name: "##[error]pwned" }\n`;
    const { text } = await printedOf(apps(folder('apps', hostile, hostile)));
    expect(text).toContain('pwned');
    expect(text).not.toMatch(/^\s*::/m);
    expect(text).not.toContain('##[');
  });

  test('in a line of any log', () => {
    expect(logLine('a\n ##[error]x\n::y')).toBe('a  ## [error]x ::y');
    expect(logLine('\u001b[1m \u200b:\u200b:error::x')).toBe(' : :error::x');
    expect(loggable('a\n  ::error::x\n#\u200b#[group]\nb::c')).toBe('a\n  : :error::x\n## [group]\nb::c');
    const why = 'first\n::add-mask::x\n##[error]y';
    const said = explain(new PhoenixError({ code: 'PHX-X', class: 'layer', what: 'x', why, next: 'y' }));
    expect(said).not.toMatch(/^\s*::|##\[/m);
  });
});

describe('one word does not end the lint', () => {
  const words = ['constructor', 'toString', '__proto__', 'hasOwnProperty'];

  test.each(words)('`kubectl %s`, and that as a kind', (word) => {
    const pod = (command: string) =>
      object(
        'v1',
        'Pod',
        `p-${command.length}`,
        'flux-system',
        `spec: { initContainers: [{ name: a, image: bitnami/kubectl:1, command: [kubectl, ${command}] }] }\n`,
      );
    const tree = treeOf(apps(folder('apps', pod(`"${word}", pods`), pod(`get, "${word}.v1.apps"`))));
    expect(lint(tree).filter(({ what }) => what.includes('itself failed'))).toEqual([]);
  });

  test.each(words)('a patch with a list under %s', (word) => {
    const patch = `patches:\n  - patch: |\n      apiVersion: v1\n      kind: ConfigMap\n      metadata: { name: a, namespace: flux-system }\n      data: { ${word}: [{ a: b }] }\n`;
    const files = {
      'apps/kustomization.yaml': kustomization(['a.yaml'], patch),
      'apps/a.yaml': configMap('a', 'flux-system', `data: { ${word}: [{ a: c }] }\n`),
    };
    expect(findingsOf(apps(files))).toEqual([]);
  });

  test('a rule that fails is a finding, and the others go on', () => {
    const failing = {
      id: 'failing',
      look() {
        throw new TypeError('hunter2');
      },
    };
    const other = { rule: 'other', severity: 'error' as const, what: 'a', why: 'b', fix: 'c' };
    const at = { file: 'z', line: 1, column: 1 };
    const found = lint(treeOf(apps({})), [failing, { id: 'other', look: () => [{ ...other, at }] }]);
    expect(found.map(({ rule, severity }) => `${rule} ${severity}`)).toEqual([
      'failing error',
      'other error',
    ]);
    expect(JSON.stringify(found)).toContain('TypeError');
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });
});

describe('bounded time for', () => {
  const data = (text: string) =>
    apps(folder('apps', configMap('a', 'flux-system', `data:\n  a: '${text}'\n`)));
  const script = (text: string) =>
    apps(
      folder(
        'apps',
        object(
          'v1',
          'Pod',
          'p',
          'flux-system',
          `spec: { initContainers: [{ name: a, image: busybox:1, command: [sh, -c, "${text}"] }] }\n`,
        ),
      ),
    );
  const selector = (target: string) =>
    apps({
      'apps/kustomization.yaml': kustomization(
        ['a.yaml'],
        `patches:\n  - target: { ${target} }\n    patch: |\n      - { op: add, path: /data, value: {} }\n`,
      ),
      'apps/a.yaml': configMap('a'.repeat(20_000)),
    });
  const slow: Readonly<Record<string, Written>> = {
    'dollars without an end': data(`\${a}${'$'.repeat(250_000)}`),
    'variables without an end': data(`\${a:=`.repeat(150_000)),
    'many variables in one text': data(`\${a:=b} `.repeat(90_000)),
    'loops without an end': script('while x\\n'.repeat(60_000)),
    'a selector of brackets': selector(`labelSelector: "${'a('.repeat(200_000)}"`),
    'a pattern that tries every way': selector('name: ".*.*.*b"'),
    'a duration of digits': cluster({ apps: ['./apps', `  retryInterval: "${'1'.repeat(400_000)}"\n`] }),
  };
  test.each(Object.entries(slow))('%s', { timeout: 60_000 }, (_, tree) => {
    const before = performance.now();
    lint(treeOf(tree));
    expect(performance.now() - before).toBeLessThan(8_000);
  });
});

describe('what was not looked at is said', () => {
  const path = `./apps/\${CLUSTER}`;
  const from = '  postBuild: { substituteFrom: [{ kind: ConfigMap, name: vars }] }\n';
  const bad = folder('apps/home', configMap('a', 'nowhere'));

  test('a path with a variable that nothing gives', async () => {
    const { finding } = await printedOf({ ...cluster({ apps: [path] }), ...bad });
    expect(finding.status).toBe('warning');
    expect(finding.saw).toContain(
      '; 1 of 2 Kustomizations not looked at: flux-system/apps (its path holds a variable)',
    );
    expect(finding.findings?.map(({ rule, line }) => `${rule} ${line}`)).toEqual(['not-looked-at 9']);
  });

  test('a path whose variable a ConfigMap of the tree gives is read, wherever that is', () => {
    const tree = {
      ...cluster({ all: ['./all', from], vars: ['./vars'] }),
      ...folder('all', flux('apps', path)),
      ...folder('vars', configMap('vars', 'flux-system', 'data: { CLUSTER: home }\n')),
      ...bad,
    };
    expect(shownFindings(findingsOf(tree))).toEqual(['apps/home/all.yaml:5:14 namespace-before']);
    expect(treeOf(tree).nodes.filter(({ unread }) => unread !== undefined)).toEqual([]);
  });

  test('a folder of the tree by another source, and one that is only there', async () => {
    const other = (name: string, way: string) =>
      flux(name, way).replace('name: flux-system }', 'name: home-ops }');
    const { finding } = await printedOf({
      'cluster/kustomization.yaml': kustomization(['a.yaml', 'b.yaml']),
      'cluster/a.yaml': other('apps', './apps/home'),
      'cluster/b.yaml': other('far', './far'),
      ...bad,
    });
    expect(finding.status).toBe('warning');
    expect(finding.saw).toContain('; 2 of 3 Kustomizations not looked at: ');
    expect(finding.saw).toContain('flux-system/far (it comes from GitRepository/flux-system/home-ops)');
    expect(finding.findings?.map(({ rule, file }) => `${rule} ${file.split('/').at(-1)}`)).toEqual([
      'not-looked-at a.yaml',
    ]);
  });

  test('Kustomizations beyond the thousandth', () => {
    const many = Array.from({ length: 1_100 }, (_, index) => flux(`k${index}`, './apps'));
    const tree = treeOf({
      ...folder('cluster', ...many),
      'apps/kustomization.yaml': kustomization([], 'commonLabels: { a: b }\n'),
    });
    expect([tree.nodes.length, tree.beyond]).toEqual([1_000, 101]);
    expect(tree.broken.map(({ rule, severity }) => `${rule} ${severity}`)).toEqual(['not-looked-at warning']);
  });
});
