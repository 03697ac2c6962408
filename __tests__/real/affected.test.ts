import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Affected } from '../../src/affected/affected.ts';
import { castleText, tree } from '../support/affected-tree.ts';
import {
  affectedIn,
  type History,
  historyIn,
  makeHistory,
  selectedByTerragrunt,
} from '../support/history.ts';

let history: History;
let all: string[];
/** How many layers Terragrunt's filter has found, over all steps. */
let theirsInAll = 0;

beforeAll(async () => {
  history = await makeHistory(tree);
  await history.link('modules/current', 'gitops-v1');
  const module = historyIn(join(history.dir, 'vendor/ext'));
  await module.write({ 'disk/main.tf': '# one\n' });
  await module.git('init', '-q', '-b', 'main');
  await module.commit('Begin');
  await history.commit('Begin');
  all = ['secrets', 'platform', 'engine', 'networking', 'storage', 'gitops', 'lone'];
});
afterAll(() => history[Symbol.asyncDispose]());

const engineUp = ['engine', 'networking', 'storage', 'gitops'];
const platformUp = ['platform', ...engineUp];
const rooted = ['secrets', ...platformUp];

interface Step {
  readonly why: string;
  readonly change: (history: History) => Promise<unknown>;
  /** All that is affected; `everything` with the words of the reason. */
  readonly layers: readonly string[] | { readonly everything: RegExp };
  /** What the layer itself is said to be touched by. */
  readonly because?: Readonly<Record<string, readonly string[] | string>>;
  readonly gitops?: true;
  readonly removed?: readonly string[];
}

const write = (files: Readonly<Record<string, string>>) => (to: History) => to.write(files);
const add = (path: string) => write({ [path]: `${tree[path] ?? ''}# changed\n` });
const castle = (from: string, to: string) => write({ 'phoenix.yaml': castleText.replace(from, to) });

const steps: readonly Step[] = [
  {
    why: 'a unit',
    change: add('live/platform/terragrunt.hcl'),
    layers: platformUp,
    because: { platform: ['live/platform/terragrunt.hcl'], engine: 'depends on platform' },
  },
  { why: 'a file in a folder of a unit', change: write({ 'live/lone/a/b.txt': 'x' }), layers: ['lone'] },
  { why: 'a module', change: add('modules/engine/main.tf'), layers: engineUp },
  { why: 'a new file of a module', change: write({ 'modules/platform/x.tf': '' }), layers: platformUp },
  {
    why: 'a module in a module',
    change: add('modules/platform/nested/vm/main.tf'),
    layers: platformUp,
    because: { platform: ['modules/platform/nested/vm/main.tf'] },
  },
  {
    why: 'a module that a module calls',
    change: add('modules/shared/main.tf'),
    layers: ['networking'],
    because: { networking: ['modules/shared/main.tf'] },
  },
  { why: 'root.hcl', change: add('live/root.hcl'), layers: rooted },
  { why: 'what root.hcl reads', change: write({ 'live/common.yaml': 'a: 2\n' }), layers: rooted },
  { why: 'a configuration that is read', change: add('live/env.hcl'), layers: engineUp },
  { why: 'a file that file() reads', change: write({ 'assets/volumes.json': '[]' }), layers: ['storage'] },
  { why: 'a script that a module starts', change: add('modules/tools/apply.sh'), layers: ['networking'] },
  { why: 'a script of that script', change: add('modules/tools/lib.sh'), layers: ['networking'] },
  { why: 'a file of a computed name', change: write({ 'conf/small.yaml': 'a: 2\n' }), layers: ['lone'] },
  { why: 'its neighbour', change: write({ 'conf/large.yaml': 'a: 2\n' }), layers: ['lone'] },
  {
    why: 'a setting of one layer in the castle file',
    change: castle('timeout: 5m', 'timeout: 6m'),
    layers: ['storage'],
    because: { storage: ['phoenix.yaml'] },
  },
  {
    why: 'a secret of a layer, and back',
    change: castle('[secrets]', '[secrets, lone]'),
    layers: [...rooted, 'lone'],
  },
  {
    why: 'a secret of no layer',
    change: castle('KEY: {}', 'KEY: { as: env }'),
    layers: { everything: /^secrets\.KEY in phoenix\.yaml$/ },
  },
  {
    why: 'the toolchain',
    change: castle('live: live', 'live: live\ntoolchain: { terragrunt: 1.1.1 }'),
    layers: { everything: /in phoenix\.yaml$/ },
  },
  {
    why: 'the castle file back',
    change: castle('', ''),
    layers: { everything: /^toolchain in phoenix\.yaml$/ },
  },
  { why: 'a comment in the castle file', change: castle('live: live', 'live: live # here'), layers: [] },
  { why: 'the GitOps tree', change: add('gitops/clusters/small/flux.yaml'), layers: [], gitops: true },
  { why: 'docs', change: add('docs/plan.svg'), layers: [] },
  {
    why: 'the README, a workflow and another castle',
    change: write({ 'README.md': 'x', '.github/workflows/ci.yml': 'x', 'other/live/thing/a.tf': '' }),
    layers: [],
  },
  { why: 'the lock', change: write({ 'phoenix.lock': '{ }' }), layers: { everything: /phoenix\.lock/ } },
  { why: 'what nobody knows', change: write({ 'what.bin': 'x' }), layers: { everything: /`what\.bin`/ } },
  {
    why: 'a module that nobody uses',
    change: add('modules/unused/main.tf'),
    layers: { everything: /unused/ },
  },
  {
    why: 'a file that may be read is gone',
    change: (to) => to.remove('assets/more.json'),
    layers: ['storage'],
    because: { storage: ['assets/more.json'] },
  },
  { why: 'a mode', change: (to) => to.chmod('modules/tools/lib.sh', 0o755), layers: ['networking'] },
  {
    why: 'a link in a unit',
    change: (to) => to.link('live/lone/far.yaml', '../../far/x.yaml'),
    layers: ['lone'],
  },
  { why: 'what that link leads to', change: write({ 'far/x.yaml': 'x' }), layers: ['lone'] },
  {
    why: 'a link on the way to a module',
    async change(to) {
      await to.remove('modules/current');
      await to.link('modules/current', 'gitops-v2');
    },
    layers: ['gitops'],
    because: { gitops: ['modules/current'] },
  },
  { why: 'a module behind a link', change: add('modules/gitops-v2/main.tf'), layers: ['gitops'] },
  {
    why: 'names that would be options, commands or lines of their own',
    change: write({
      'live/lone/--output=pwned': 'x',
      'live/lone/$(touch pwned)`touch pwned`;touch pwned': 'x',
      'live/lone/ä b\n::error::c': 'x',
    }),
    layers: ['lone'],
    because: {
      lone: [
        'live/lone/$(touch pwned)`touch pwned`;touch pwned',
        'live/lone/--output=pwned',
        'live/lone/ä b\n::error::c',
      ],
    },
  },
  {
    why: 'such a name that nobody knows',
    change: write({ '-x\n::error::y': 'x' }),
    layers: { everything: /`-x ::error::y`/ },
  },
  {
    why: 'a submodule',
    async change(to) {
      const module = historyIn(join(to.dir, 'vendor/ext'));
      await module.write({ 'disk/main.tf': '# two\n' });
      await module.commit('Go on');
    },
    layers: ['storage'],
    because: { storage: ['vendor/ext'] },
  },
  {
    why: 'a new unit',
    change: write({ 'live/extra/terragrunt.hcl': '', 'live/extra/main.tf': '' }),
    layers: ['extra'],
  },
  {
    why: 'a unit with another name',
    change: (to) => to.git('mv', 'live/extra', 'live/other'),
    layers: ['other'],
    removed: ['extra'],
  },
  { why: 'a unit that is gone', change: (to) => to.remove('live/other'), layers: [], removed: ['other'] },
  {
    why: 'a merge',
    async change(to) {
      await to.git('checkout', '-q', '-b', 'side', 'HEAD~2');
      await to.write({ 'live/storage/side.tf': '' });
      await to.commit('Aside');
      await to.git('checkout', '-q', 'main');
      await to.git('merge', '-q', '--no-ff', '-m', 'Merge', 'side');
    },
    layers: ['storage'],
  },
  {
    why: 'its revert',
    change: (to) => to.git('revert', '--no-edit', '-m', '1', 'HEAD'),
    layers: ['storage'],
  },
  { why: 'nothing', change: async () => {}, layers: [] },
];

function expectStep({ layers, because = {}, gitops, removed = [] }: Step, found: Affected): void {
  if ('everything' in layers) {
    expect(found.reason).toMatch(/^everything: /);
    expect(found.reason.slice('everything: '.length)).toMatch(layers.everything);
    for (const each of found.layers) expect(each.because).toMatch(layers.everything);
    expect(new Set(found.layers.map(({ name }) => name))).toEqual(new Set(all));
    return;
  }
  expect(found.layers.map(({ name }) => name).toSorted(), found.reason).toEqual(layers.toSorted());
  for (const [name, why] of Object.entries(because))
    expect(found.layers.find((layer) => layer.name === name)?.because).toEqual(why);
  expect(found.gitops).toBe(gitops ?? false);
  expect(found.removed.map(({ name }) => name)).toEqual(removed);
}

describe('a commit that changes', () => {
  it.each(steps)('$why touches what is made from that, and no less than Terragrunt says', async (step) => {
    const before = await history.git('rev-parse', 'HEAD');
    await step.change(history);
    if ((await history.git('rev-parse', 'HEAD')) === before) await history.commit(step.why);
    const base = await history.git('rev-parse', 'HEAD^');
    const found = await affectedIn(history.dir, { base });
    expect(found.range).toBe(`${base}..${await history.git('rev-parse', 'HEAD')}`);
    expectStep(step, found);
    // What Terragrunt cannot even look at, since it checks the base out without submodules, it does not select.
    const ours = new Set([...found.layers, ...found.removed].map(({ name }) => name));
    const theirs = await selectedByTerragrunt(history.dir, base);
    theirsInAll += theirs.length;
    expect(theirs.filter((name) => !ours.has(name))).toEqual([]);
    for (const { commit, name } of found.removed)
      await history.git('cat-file', '-e', `${commit}:live/${name}/terragrunt.hcl`);
    await expect(access(join(history.dir, 'pwned'))).rejects.toThrow();
  });

  it('is in no longer range less than Terragrunt says either', async () => {
    const lengths: number[] = [];
    for (const far of [3, 8, 13, 21, 30, 38]) {
      const base = await history.git('rev-parse', `HEAD~${far}`);
      const found = await affectedIn(history.dir, { base });
      const ours = new Set([...found.layers, ...found.removed].map(({ name }) => name));
      const theirs = await selectedByTerragrunt(history.dir, base);
      lengths.push(theirs.length);
      expect(theirs.filter((name) => !ours.has(name))).toEqual([]);
    }
    // Else it had nothing to compare with.
    expect(Math.max(...lengths)).toBe(all.length);
  });

  it('is one that Terragrunt has something to say of, so that the comparison means something', () => {
    expect(theirsInAll).toBeGreaterThan(30);
  });
});
