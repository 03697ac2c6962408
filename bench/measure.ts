import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Figures, machine, median, type PhoenixFigures, rowOf } from './figures.ts';
import { type ForecastError, forecastError } from './forecast.ts';
import { forgetCaches, forgetStates, plant, unfinished } from './plant.ts';
import { mirrorConfig } from './provider.ts';
import { environmentOf, findTools, type Site } from './site.ts';
import type { Timed } from './timed.ts';
import { hurried, type TreeName, trees } from './trees.ts';
import type { Way, WayName } from './ways.ts';

export interface Conditions {
  readonly tree: TreeName;
  readonly runs: number;
  readonly ways: readonly Way[];
  readonly cold: boolean;
  readonly noChange: boolean;
  readonly phoenix: string;
  readonly say: (text: string) => void;
}

/**
 * Measures ways of bringing up a tree, side by side. Each way has a tree and a home of its own, and goes through it once
 * without work before it is timed, so that its caches are as they are on a machine that did it before; where it is
 * measured cold they are taken away again. Each round runs every way once, beginning with another one, so that a noisy
 * minute hits all alike.
 */
export async function measure(conditions: Conditions): Promise<Figures> {
  const { tree: name, runs, ways, cold, noChange, phoenix, say } = conditions;
  const folder = await mkdtemp(join(tmpdir(), 'phoenix-bench-'));
  const where = machine();
  try {
    const missing: Partial<Record<WayName, string>> = {};
    for (const way of ways) {
      const why = await way.missing?.({ phoenix, noChange });
      if (why !== undefined) missing[way.name] = why;
    }
    const measured = ways.filter((way) => missing[way.name] === undefined);
    const log = join(folder, 'run.log');
    const sites = await settle(conditions, measured, folder, log);
    const seen = new Map<WayName, Timed[]>(measured.map((way) => [way.name, []]));
    for (let round = 0; round < runs; round += 1) {
      const first = round % measured.length;
      for (const way of [...measured.slice(first), ...measured.slice(0, first)]) {
        const site = sites.get(way.name);
        if (site === undefined) continue;
        if (!noChange) await forgetStates(site.plot, site.tree);
        if (cold) await forgetCaches(site.plot, site.tree, site.env['HOME'] ?? folder);
        const result = await way.run(site, log);
        await assertWhole(way, site);
        seen.get(way.name)?.push(result);
        say(`${name}, round ${round + 1} of ${runs}: ${way.name} ${result.seconds.toFixed(2)} s`);
      }
    }
    const rows = [...seen].map(([way, results]) => rowOf(way, results));
    const job = sites.get('job');
    const forecast = job === undefined ? undefined : await forecastError(job);
    const own = phoenixFigures(seen.get('job') ?? [], forecast);
    return {
      machine: where,
      tree: name,
      caches: cold ? 'cold' : 'warm',
      from: noChange ? 'no change' : 'nothing',
      rows,
      missing,
      ...(own === undefined ? {} : { phoenix: own }),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A planted tree for each way, gone through once without work: its caches are filled, its states are whole. */
async function settle(
  { tree: name, cold, noChange, phoenix, say }: Conditions,
  ways: readonly Way[],
  folder: string,
  log: string,
): Promise<Map<WayName, Site>> {
  const tree = trees[name];
  const tools = await findTools();
  const cliConfig = cold ? await mirrorConfig(folder) : undefined;
  const sites = new Map<WayName, Site>();
  for (const way of ways) {
    const root = join(folder, way.name);
    const env = await environmentOf(tools, join(folder, `${way.name}-home`), cliConfig);
    const plot = await plant(hurried(tree), root, { provider: cold });
    const quick = { tree: hurried(tree), plot, tools, env, phoenix };
    await way.prepare?.(quick);
    // A workflow's jobs start from a checkout each time: they have nothing to be filled but states.
    if (way.name !== 'matrix' || noChange) await way.run(quick, log);
    await plant(tree, root, { provider: cold });
    // What the quick run took is no forecast of the others.
    await rm(join(env['HOME'] ?? root, '.local', 'state'), { recursive: true, force: true });
    sites.set(way.name, { tree, plot, tools, env, phoenix });
    say(`${name}: ${way.name} is ready`);
  }
  return sites;
}

/** A way that left a layer out was not faster, it was wrong. */
async function assertWhole(way: Way, { tree, plot }: Site): Promise<void> {
  const left = way.whole ? await unfinished(tree, plot) : [];
  if (left.length > 0) throw new Error(`${way.name} left out ${left.join(', ')}`);
}

function phoenixFigures(
  runs: readonly Timed[],
  forecast: ForecastError | undefined,
): PhoenixFigures | undefined {
  const told = runs.flatMap(({ seconds, report }) => (report === undefined ? [] : { seconds, report }));
  if (told.length === 0) return undefined;
  return {
    overheadPercent:
      median(told.map(({ seconds, report }) => seconds / report.criticalPathSeconds - 1)) * 100,
    criticalPathSeconds: median(told.map(({ report }) => report.criticalPathSeconds)),
    peakRssBytes: Math.max(...runs.map(({ peakRssBytes }) => peakRssBytes)),
    ...(forecast === undefined ? {} : { forecast }),
  };
}
