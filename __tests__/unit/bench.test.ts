import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { median, rowOf, table } from '../../bench/figures.ts';
import { forgetCaches, forgetStates, plant, unfinished } from '../../bench/plant.ts';
import { withSections } from '../../bench/section.ts';
import { rowsOf } from '../../bench/startup.ts';
import { timed } from '../../bench/timed.ts';
import { hurried, longestPath, stages, trees } from '../../bench/trees.ts';
import { ways } from '../../bench/ways.ts';
import { castleSchema } from '../../src/castle/schema.ts';
import { sampleReport } from '../support/reports.ts';

const seconds = (layers: readonly { readonly seconds: number }[]) =>
  layers.reduce((sum, each) => sum + each.seconds, 0);
const names = (layers: readonly { readonly name: string }[]) => layers.map(({ name }) => name);
const root = join(tmpdir(), `phoenix-bench-test-${process.pid}`);

afterEach(() => rm(root, { recursive: true, force: true }));

describe('the trees of the bench', () => {
  it('hold the six layers of the document, twenty times as fast', () => {
    expect(names(longestPath(trees.six))).toEqual(['secrets', 'platform', 'engine', 'storage']);
    expect(seconds(longestPath(trees.six)) * 20).toBeCloseTo(10 + 113 + 48 + 116);
  });

  it('have the same longest path where their work is left out', () => {
    for (const tree of Object.values(trees))
      expect(names(longestPath(hurried(tree)))).toEqual(names(longestPath(tree)));
  });

  it('are run by the turbo script as the document does: three in turn, then three at once', () => {
    expect(stages(trees.six).map(names)).toEqual([
      ['secrets'],
      ['platform'],
      ['engine'],
      ['networking', 'gitops', 'storage'],
    ]);
  });

  it('have a ragged one on which stages cost far more than the limit', () => {
    const barriers = stages(trees.ragged).map((stage) => Math.max(...stage.map((layer) => layer.seconds)));
    expect(seconds(longestPath(trees.ragged))).toBe(5);
    expect(barriers.reduce((sum, each) => sum + each, 0)).toBe(10);
  });

  it('lose no layer between the stages', () => {
    for (const tree of Object.values(trees)) {
      expect(names(stages(tree).flat()).toSorted()).toEqual(names(tree).toSorted());
    }
  });

  it('refuse a tree that names a layer before its dependency', () => {
    expect(() => longestPath([{ name: 'b', seconds: 1, dependencies: ['a'] }])).toThrow(
      'b before its dependency a',
    );
  });
});

describe('a planted tree', () => {
  it('has a castle file that Phoenix accepts', async () => {
    const { castle } = await plant(trees.six, root, { provider: false });
    expect(castleSchema.safeParse(parse(await readFile(castle, 'utf8'))).error).toBeUndefined();
  });

  it('says which layers a way left out, and forgets the states of the round before', async () => {
    const plot = await plant(trees.six, root, { provider: false });
    await mkdir(join(root, 'state'));
    await writeFile(join(root, 'state', 'secrets.tfstate'), '{"resources":[{"type":"terraform_data"}]}');
    await writeFile(join(root, 'state', 'platform.tfstate'), '{"resources":[]}');
    expect(await unfinished(trees.six, plot)).toEqual([
      'platform',
      'engine',
      'networking',
      'gitops',
      'storage',
    ]);
    await forgetStates(plot, trees.six);
    expect(await unfinished(trees.six, plot)).toHaveLength(6);
  });

  it('keeps its caches when it is planted again, and loses them where it is measured cold', async () => {
    const plot = await plant(hurried(trees.six), root, { provider: false });
    const home = join(root, 'home');
    const caches = [join(plot.live, 'engine', '.terragrunt-cache', 'x'), join(home, '.cache', 'x')];
    for (const folder of caches) await mkdir(folder, { recursive: true });
    await plant(trees.six, root, { provider: false });
    expect(caches.map((folder) => existsSync(folder))).toEqual([true, true]);
    await forgetCaches(plot, trees.six, home);
    expect(caches.map((folder) => existsSync(folder))).toEqual([false, false]);
  });

  it('needs a provider only where one is to be installed, and each layer another', async () => {
    const text = async (layer: string) =>
      readFile(join(root, 'live', layer, 'providers.tf'), 'utf8').catch(() => undefined);
    await plant(trees.six, root, { provider: false });
    expect(await text('secrets')).toBeUndefined();
    await plant(trees.six, root, { provider: true });
    const needed = await Promise.all(trees.six.map(({ name }) => text(name)));
    expect(needed[0]).toContain('source = "registry.opentofu.org/bench/kind0"');
    expect(new Set(needed).size).toBe(6);
  });
});

describe('the figures of the bench', () => {
  it('are medians with their spread', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(() => median([])).toThrow('no values');
    const runs = [2, 9, 4].map((each) => ({ seconds: each, peakRssBytes: 0 }));
    expect(rowOf('tg', runs)).toEqual({
      name: 'tg',
      medianSeconds: 4,
      minSeconds: 2,
      maxSeconds: 9,
      runs: 3,
    });
  });

  it('say how far over the limit a way is, and why one is missing', () => {
    const rows = [
      rowOf('limit', [{ seconds: 8, peakRssBytes: 0 }]),
      rowOf('tg', [{ seconds: 9, peakRssBytes: 0 }]),
    ];
    const text = table(
      {
        ...{ machine: 'here', tree: 'six', caches: 'warm', from: 'nothing' },
        ...{ rows, missing: { job: 'not built' } },
      },
      ways,
    );
    expect(text).toContain('| tg | 9.00 | 9.00–9.00 | 1 | 12.5 % |  |');
    expect(text).toContain('| job | not built |');
    expect(text).not.toContain('| seq |');
  });

  it('say how much of a run its own report leaves untold', () => {
    const told = (unattributedSeconds: number) => ({
      ...{ seconds: 10, peakRssBytes: 0 },
      report: { ...sampleReport(), wallSeconds: 10, unattributedSeconds },
    });
    const row = rowOf('job', [told(0.05), told(0.2), told(0.1)]);
    expect(row.unattributedPercent).toBe(1);
    const text = table(
      { ...{ machine: 'here', tree: 'six', caches: 'warm', from: 'nothing' }, rows: [row], missing: {} },
      ways,
    );
    expect(text).toContain('| job | 10.00 | 10.00–10.00 | 3 |  | 1.0 % |');
  });

  it('take the place of those that a page had, and nothing else of it', () => {
    const page = 'before\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nafter\n';
    const once = withSections(page, 'on this machine', [{ title: 'Claim', text: '| 1 |', data: 1 }]);
    expect(once).toMatch(/^before\n[\s\S]*on this machine\n\n### Claim\n\n\| 1 \|\n[\s\S]*\nafter\n$/);
    expect(once).not.toContain('old');
    expect(withSections(once, 'there', [])).not.toContain('Claim');
    expect(() => withSections('a page without a place', '', [])).toThrow('has no <!-- bench: begin -->');
  });

  it('measure a program from start to exit, and fail with the end of what it said', async () => {
    await mkdir(root, { recursive: true });
    const log = join(root, 'log');
    const sh = (script: string) => ({
      file: '/bin/sh',
      args: ['-c', script],
      cwd: root,
      env: { PATH: '/bin:/usr/bin' },
    });
    const slept = await timed(sh('sleep 0.4'), log);
    expect(slept.seconds).toBeGreaterThanOrEqual(0.4);
    if (process.platform === 'linux') expect(slept.peakRssBytes).toBeGreaterThan(100_000);
    await expect(timed(sh('echo the reason; exit 3'), log)).rejects.toThrow(/ended with 3:\nthe reason/);
    await expect(timed({ ...sh(''), file: join(root, 'none') }, log)).rejects.toThrow('ENOENT');
  });
});

describe('a start', () => {
  it('is held against that of bare Node, the first that is measured', () => {
    const [bare, help] = rowsOf([
      { name: 'node', seconds: [0.02, 0.03, 0.5] },
      { name: 'help', seconds: [0.1, 0.2, 0.13] },
    ]);
    expect(bare).toMatchObject({ medianSeconds: 0.03, beyondSeconds: 0, runs: 3 });
    expect(help).toMatchObject({ medianSeconds: 0.13, minSeconds: 0.1, maxSeconds: 0.2, beyondSeconds: 0.1 });
  });
});
