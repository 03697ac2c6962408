import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allHeld, figuresOf, lineOf, table } from '../../campaign/figures.ts';
import type { Invariant } from '../../campaign/invariants.ts';
import type { RunResult } from '../../campaign/one-run.ts';
import { pooled } from '../../campaign/pool.ts';
import { writeRecord } from '../../campaign/record.ts';
import { scenarioOf, type WayName } from '../../campaign/scenario.ts';
import { flatnessOf, measures, type Sample, warmUpOf } from '../../campaign/soak-figures.ts';
import { rejection, temporaryFolder } from '../support/folder.ts';

function result(way: WayName, index: number, ...broken: readonly [Invariant, string][]): RunResult {
  const struck = { at: 1, hit: index === 3 ? undefined : 'main 42' };
  return { way, scenario: scenarioOf(1, index), struck, broken: new Map(broken), seconds: 5 };
}

describe('the figures of the campaign', () => {
  const kept = [result('phoenix', 0), result('phoenix', 3)];
  const lost = result('bash', 0, ['INV3', 'engine is locked'], ['INV6', 'ended with 1']);

  it('count runs, hits, and each broken invariant by itself', () => {
    expect(figuresOf(1, ['phoenix', 'bash'], [...kept, lost])).toEqual({
      seed: 1,
      ways: {
        phoenix: {
          runs: 2,
          hit: 1,
          held: 2,
          broken: { INV1: 0, INV2: 0, INV3: 0, INV4: 0, INV5: 0, INV6: 0 },
        },
        bash: { runs: 1, hit: 1, held: 0, broken: { INV1: 0, INV2: 0, INV3: 1, INV4: 0, INV5: 0, INV6: 1 } },
      },
    });
  });

  it('are good only if Phoenix kept everything, whatever the others did', () => {
    expect(allHeld(figuresOf(1, ['phoenix', 'bash'], [...kept, lost]))).toBe(true);
    const once = [...kept, result('phoenix', 5, ['INV2', 'a vault is left'])];
    expect(allHeld(figuresOf(1, ['phoenix'], once))).toBe(false);
  });

  it('say of each run what plays it again, and how it broke', () => {
    expect(lineOf(lost)).toMatch(/^run 0 seed 1 bash: \S+ at \d+\.\d\d s, /);
    expect(lineOf(lost)).toContain('BROKEN INV3 (engine is locked), INV6 (ended with 1)');
    expect(lineOf(result('phoenix', 3))).toContain('hit nothing, the job was over: held');
  });

  it('stand side by side: each way by its strikes, then its total', () => {
    const rows = table(['phoenix', 'bash'], [...kept, lost]).split('\n');
    expect(rows).toHaveLength(2 + 3 + 2);
    expect(rows.at(-1)).toBe(
      "| **the document's turbo script** | **all** | 1 | 1 | 0 | 0 | 0 | 1 | 0 | 0 | 1 |",
    );
  });
});

describe('the pool', () => {
  it('works through all, never with more than it may at once', async () => {
    let now = 0;
    let most = 0;
    const done = await pooled([5, 1, 3, 2, 4], 2, async (item) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, item * 3));
      now -= 1;
      return item;
    });
    expect(done.toSorted()).toEqual([1, 2, 3, 4, 5]);
    expect(most).toBe(2);
  });
});

describe('the track record', () => {
  it('is changed between the markers of its part alone', async () => {
    const page = (inside: string) =>
      `# Record\n\n<!-- campaign: made by \`npm run campaign\` -->\n${inside}<!-- /campaign -->\n\nrest\n`;
    await using folder = await temporaryFolder({ 'record.md': page('\nold\n') });
    const file = join(folder.dir, 'record.md');
    await writeRecord('campaign', 'new', file);
    expect(await readFile(file, 'utf8')).toBe(page('\nnew\n\n'));
    await writeFile(file, 'no markers');
    expect(String(await rejection(writeRecord('soak', 'new', file)))).toContain('has no place for the soak');
  });
});

describe('the soak', () => {
  const sample = (run: number, change: Partial<Sample> = {}): Sample => ({
    fds: 20 + (run % 2),
    rssBytes: 100e6 + (run % 7) * 1e6,
    processes: 0,
    ramFiles: 0,
    ramBytes: 0,
    homeFiles: 40,
    temporaryFiles: 0,
    repositoryFiles: 12,
    ...change,
  });
  const runs = Array.from({ length: 200 }, (_, run) => run);
  const flat = (samples: readonly Sample[]) => {
    const seen = flatnessOf(samples);
    return measures.filter((measure) => !seen[measure].flat);
  };

  it('is flat where counts and memory only breathe, and where a cache fills in the warm-up', () => {
    expect(flat(runs.map((run) => sample(run)))).toEqual([]);
    expect(flat(runs.map((run) => sample(run, { homeFiles: Math.min(40, 2 * run) })))).toEqual([]);
    expect(warmUpOf(200)).toBe(20);
  });

  it.each([
    ['one file in twenty runs', { fds: (run: number) => 20 + run / 20 }],
    ['100 kB a run', { rssBytes: (run: number) => 200e6 + run * 1e5 }],
    ['a process', { processes: (run: number) => (run > 150 ? 1 : 0) }],
    ['a vault', { ramFiles: (run: number) => (run > 150 ? 1 : 0) }],
    ['a journal a run', { homeFiles: (run: number) => run }],
    ['a temporary file', { temporaryFiles: (run: number) => (run > 150 ? 1 : 0) }],
  ])('is not flat where %s is left', (_, growth) => {
    const [[measure, grow] = ['fds', () => 0]] = Object.entries(growth);
    expect(flat(runs.map((run) => sample(run, { [measure]: grow(run) })))).toEqual([measure]);
  });

  it('refuses to judge too few runs', () => {
    expect(() => flatnessOf(runs.slice(0, 5).map((run) => sample(run)))).toThrow('5 runs are too few');
  });
});
