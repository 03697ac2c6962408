import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../src/errors.ts';
import { createLog } from '../src/log.ts';
import { type Report, reportSchema } from '../src/report/schema.ts';
import { installToolchain, pins } from '../src/toolchain/install.ts';
import { measureFastTrack } from './fast-track/measure.ts';
import { tableOf } from './fast-track/table.ts';
import { type Figures, machine, median, type PhoenixFigures, rowOf, table } from './figures.ts';
import { plant, unfinished } from './plant.ts';
import { measureStartup } from './startup.ts';
import type { Timed } from './timed.ts';
import { type TreeName, trees } from './trees.ts';
import { type Site, type Way, type WayName, wayNames, ways } from './ways.ts';

/**
 * Measures every way of bringing up a tree, side by side. Each round runs every way once, beginning with another one,
 * so that a noisy minute hits all alike. People's words go to stderr, the table or the JSON to stdout.
 */
const { values } = parseArgs({
  options: {
    tree: { type: 'string', default: 'six' },
    runs: { type: 'string' },
    ways: { type: 'string', default: wayNames.join(',') },
    phoenix: { type: 'string', default: join(import.meta.dirname, '..', 'dist', 'index.js') },
    json: { type: 'boolean', default: false },
    'fast-track': { type: 'boolean', default: false },
    rows: { type: 'string' },
    startup: { type: 'boolean', default: false },
  },
});

const say = (text: string) => process.stderr.write(`${text}\n`);

function treeName(text: string): TreeName {
  if (Object.hasOwn(trees, text)) return text as TreeName;
  throw new Error(`no tree ${text}; there are ${Object.keys(trees).join(', ')}`);
}

function chosenWays(text: string): Way[] {
  const names = text.split(',');
  const unknown = names.find((name) => !wayNames.includes(name as WayName));
  if (unknown !== undefined) throw new Error(`no way ${unknown}; there are ${wayNames.join(', ')}`);
  return ways.filter(({ name }) => names.includes(name));
}

async function findTools(): Promise<Site['tools']> {
  const folder = process.env['PHOENIX_TEST_TOOLS'];
  if (folder) return { tofu: join(folder, 'tofu'), terragrunt: join(folder, 'terragrunt') };
  const requests = (['tofu', 'terragrunt'] as const).map((name) => ({ name, version: pins[name] }));
  const log = createLog({
    out: process.stderr,
    color: false,
    quiet: false,
    debug: false,
    redact: (text) => text,
  });
  const installed = await installToolchain(requests, {
    lockFile: join(import.meta.dirname, '..', 'phoenix.lock'),
    env: process.env,
    log,
    signal: AbortSignal.timeout(30 * 60 * 1000),
  });
  const [tofu, terragrunt] = [installed.get('tofu')?.file, installed.get('terragrunt')?.file];
  if (tofu === undefined || terragrunt === undefined)
    throw new Error('the toolchain gave no tofu or no terragrunt');
  return { tofu, terragrunt };
}

/** The same for every way: the tools first on PATH, no questions, no calls home. */
function environment({ tofu, terragrunt }: Site['tools'], folder: string): Record<string, string> {
  const { PATH = '', HOME = folder } = process.env;
  return {
    PATH: [...new Set([dirname(tofu), dirname(terragrunt)]), PATH].join(delimiter),
    HOME,
    TG_TF_PATH: tofu,
    TG_NON_INTERACTIVE: 'true',
    CHECKPOINT_DISABLE: '1',
  };
}

async function measure(name: TreeName, runs: number, asked: readonly Way[]): Promise<Figures> {
  const tree = trees[name];
  const folder = await mkdtemp(join(tmpdir(), 'phoenix-bench-'));
  const where = machine();
  try {
    const tools = await findTools();
    const common = { tree, tools, env: environment(tools, folder), phoenix: resolve(values.phoenix) };
    const missing: Partial<Record<WayName, string>> = {};
    for (const way of asked) {
      const why = await way.missing?.(common);
      if (why !== undefined) missing[way.name] = why;
    }
    const measured = asked.filter((way) => missing[way.name] === undefined);
    const seen = new Map<WayName, Timed[]>(measured.map((way) => [way.name, []]));
    const reports: Report[] = [];
    for (let round = 0; round < runs; round += 1) {
      const first = round % measured.length;
      for (const way of [...measured.slice(first), ...measured.slice(0, first)]) {
        const site = { ...common, plot: await plant(tree, join(folder, 'tree'), pins) };
        await way.prepare?.(site);
        const result = await way.run(site, join(folder, 'run.log'));
        const left = way.whole ? await unfinished(tree, site.plot) : [];
        if (left.length > 0) throw new Error(`${way.name} left out ${left.join(', ')}`);
        if (way.name === 'job')
          reports.push(reportSchema.parse(JSON.parse(await readFile(site.plot.report, 'utf8'))));
        seen.get(way.name)?.push(result);
        say(`round ${round + 1} of ${runs}: ${way.name} ${result.seconds.toFixed(2)} s`);
      }
    }
    const rows = [...seen].map(([way, results]) => rowOf(way, results));
    const phoenix = phoenixFigures(seen.get('job') ?? [], reports);
    return { machine: where, tree: name, rows, missing, ...(phoenix === undefined ? {} : { phoenix }) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function phoenixFigures(runs: readonly Timed[], reports: readonly Report[]): PhoenixFigures | undefined {
  if (reports.length === 0) return undefined;
  const overheads = reports.map(
    ({ criticalPathSeconds }, index) => (runs[index]?.seconds ?? 0) / criticalPathSeconds - 1,
  );
  return {
    overheadPercent: median(overheads) * 100,
    criticalPathSeconds: median(reports.map((report) => report.criticalPathSeconds)),
    unattributedPercent:
      median(reports.map((report) => report.unattributedSeconds / report.wallSeconds)) * 100,
    peakRssBytes: Math.max(...runs.map(({ peakRssBytes }) => peakRssBytes)),
  };
}

function whole(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new Error(`--${option} takes a whole number from 1, not ${text}`);
  return number;
}

async function fastTrack(): Promise<void> {
  const comparison = await measureFastTrack({
    rounds: whole('runs', values.runs ?? '3'),
    databaseRows: values.rows === undefined ? undefined : whole('rows', values.rows),
    phoenix: resolve(values.phoenix),
    say,
  });
  process.stdout.write(`${values.json ? JSON.stringify(comparison, undefined, 2) : tableOf(comparison)}\n`);
}

async function startup(): Promise<void> {
  const runs = whole('runs', values.runs ?? '15');
  const { text, data } = await measureStartup(resolve(values.phoenix), runs, say);
  process.stdout.write(
    `${values.json ? JSON.stringify({ machine: machine(), ...data }, undefined, 2) : text}\n`,
  );
}

async function main(): Promise<void> {
  if (values['fast-track']) return fastTrack();
  if (values.startup) return startup();
  const runs = whole('runs', values.runs ?? '5');
  const figures = await measure(treeName(values.tree), runs, chosenWays(values.ways));
  process.stdout.write(`${values.json ? JSON.stringify(figures, undefined, 2) : table(figures, ways)}\n`);
}

await main().catch((thrown: unknown) => {
  say(messageOf(thrown));
  process.exitCode = 1;
});
