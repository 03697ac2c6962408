import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { silentLog } from '../src/log.ts';
import { discover } from '../src/plan/discover.ts';
import { findArguments } from '../src/plan/find.ts';
import { median } from './figures.ts';
import { markdownTable, type Section } from './section.ts';
import { environmentOf, findTools } from './site.ts';
import { timed } from './timed.ts';

const sizes = [100, 1_000, 10_000];
/** Terragrunt takes minutes for ten thousand. */
const sizesOnDisk = [100, 1_000];
const roundsOnDisk = 3;

const planned = z.object({
  planSeconds: z.number(),
  scheduleSeconds: z.number(),
  beforeBytes: z.number(),
  peakBytes: z.number(),
});

/** The planner in a process of its own for each run, and discovery beside `terragrunt find`, which it asks too. */
export async function measurePlanner(runs: number, say: (text: string) => void): Promise<Section> {
  const rows = [];
  for (const layers of sizes) {
    const seen: z.infer<typeof planned>[] = [];
    for (let run = 0; run < runs; run += 1) seen.push(await plan(layers));
    const milliseconds = (key: 'planSeconds' | 'scheduleSeconds') =>
      `${(median(seen.map((each) => each[key])) * 1000).toFixed(1)} (${shown(seen.map((each) => each[key] * 1000))})`;
    const grown = median(seen.map(({ beforeBytes, peakBytes }) => peakBytes - beforeBytes));
    rows.push({
      layers,
      plan: milliseconds('planSeconds'),
      schedule: milliseconds('scheduleSeconds'),
      megabytes: grown / 1e6,
    });
    say(`planner: ${layers} layers`);
  }
  const found = await measureDiscovery(say);
  const plans = markdownTable(
    ['Layers', 'Plan, ms', 'Schedule to the end, ms', 'Memory over what the process had, MB'],
    rows.map(({ layers, plan: ms, schedule, megabytes }) => [layers, ms, schedule, megabytes.toFixed(1)]),
  );
  const finds = markdownTable(
    ['Layers on disk', 'Phoenix, s', '`terragrunt find`, s'],
    found.map(({ layers, phoenix, terragrunt }) => [layers, phoenix, terragrunt]),
  );
  const why =
    'Phoenix asks `terragrunt find` too, and beside it `terragrunt hcl validate`, since `find` alone exits 0 where it ' +
    'leaves units out.';
  return {
    title: `Planner (${runs} runs) and discovery (${roundsOnDisk} rounds)`,
    text: `${plans}\n\n${finds}\n\n${why}`,
    data: { planner: rows, discovery: found },
  };
}

const execute = promisify(execFile);

async function plan(layers: number): Promise<z.infer<typeof planned>> {
  const { stdout } = await execute(process.execPath, [
    join(import.meta.dirname, 'planner-child.ts'),
    String(layers),
  ]);
  return planned.parse(JSON.parse(stdout));
}

async function measureDiscovery(say: (text: string) => void) {
  const folder = await mkdtemp(join(tmpdir(), 'phoenix-bench-find-'));
  try {
    const tools = await findTools();
    const env = await environmentOf(tools, join(folder, 'home'), undefined);
    const rows = [];
    for (const layers of sizesOnDisk) {
      const liveDir = join(folder, String(layers));
      await plantUnits(liveDir, layers);
      const [own, theirs]: [number[], number[]] = [[], []];
      for (let round = 0; round < roundsOnDisk; round += 1) {
        const started = performance.now();
        const found = await discover({
          ...{ liveDir, terragrunt: tools.terragrunt, tofu: tools.tofu, env, log: silentLog },
          signal: AbortSignal.timeout(10 * 60 * 1000),
        });
        own.push((performance.now() - started) / 1000);
        if (found.length !== layers) throw new Error(`of ${layers} layers ${found.length} were found`);
        const find = { file: tools.terragrunt, args: [...findArguments], cwd: liveDir, env };
        theirs.push((await timed(find, join(folder, 'find.log'))).seconds);
      }
      const cell = (seconds: number[]) => `${median(seconds).toFixed(2)} (${shown(seconds)})`;
      rows.push({ layers, phoenix: cell(own), terragrunt: cell(theirs) });
      say(`discovery: ${layers} layers`);
    }
    return rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Units without a module: to be found, not to be applied. */
async function plantUnits(liveDir: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const dir = join(liveDir, `layer-${index}`);
    await mkdir(dir, { recursive: true });
    const on = index === 0 ? undefined : Math.floor((index - 1) / 2);
    const text = on === undefined ? '' : `dependencies {\n  paths = ["../layer-${on}"]\n}\n`;
    await writeFile(join(dir, 'terragrunt.hcl'), text);
  }
}

function shown(values: readonly number[]): string {
  return `${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)}`;
}
