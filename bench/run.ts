import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../src/errors.ts';
import { measureClaim } from './claim.ts';
import { measureFastTrack } from './fast-track/measure.ts';
import { tableOf } from './fast-track/table.ts';
import { machine, table } from './figures.ts';
import { measureInstall } from './install.ts';
import { measure } from './measure.ts';
import { measurePlanner } from './planner.ts';
import { measureRedaction } from './redact.ts';
import { type Section, withSections } from './section.ts';
import { measureStartup } from './startup.ts';
import { type TreeName, trees } from './trees.ts';
import { type Way, type WayName, wayNames, ways } from './ways.ts';

/**
 * Measures, and prints tables or JSON on stdout and people's words on stderr. Without a choice it is the tree of six
 * layers; `--planner`, `--claim`, `--install`, `--redact`, `--startup` and `--fast-track` choose another bench, `--all` runs everything once and puts
 * it where `--write FILE` says, between the markers that the file has.
 */
const { values } = parseArgs({
  options: {
    tree: { type: 'string', default: 'six' },
    cold: { type: 'boolean', default: false },
    'no-change': { type: 'boolean', default: false },
    runs: { type: 'string', default: '5' },
    ways: { type: 'string', default: wayNames.join(',') },
    phoenix: { type: 'string', default: join(import.meta.dirname, '..', 'dist', 'index.js') },
    planner: { type: 'boolean', default: false },
    claim: { type: 'boolean', default: false },
    install: { type: 'boolean', default: false },
    redact: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    write: { type: 'string' },
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

function whole(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new Error(`--${option} takes a whole number from 1, not ${text}`);
  return number;
}

async function fastTrack(rounds: number): Promise<Section> {
  const data = await measureFastTrack({
    rounds,
    databaseRows: values.rows === undefined ? undefined : whole('rows', values.rows),
    phoenix: resolve(values.phoenix),
    say,
  });
  return { title: 'The fast track', text: tableOf(data), data };
}

/** One tree under one condition; `data` is what `--json` prints. */
async function treeSection(asked: {
  readonly tree: TreeName;
  readonly ways: string;
  readonly cold?: boolean;
  readonly noChange?: boolean;
}): Promise<Section> {
  const { tree, cold = false, noChange = false } = asked;
  const figures = await measure({
    ...{ tree, cold, noChange, runs: whole('runs', values.runs), say },
    ways: chosenWays(asked.ways),
    phoenix: resolve(values.phoenix),
  });
  const title = `Tree ${tree}, ${noChange ? 'no change' : 'from nothing'}, ${cold ? 'cold' : 'warm'}`;
  return { title, text: table(figures, ways), data: figures };
}

/** What `--all` measures, in this order: every tree in every condition; the slowest way, the matrix, on two of them. */
function everything(runs: number): (() => Promise<Section>)[] {
  const withMatrix: readonly TreeName[] = ['six', 'ragged'];
  return [
    ...(['six', 'ragged', 'deep', 'wide'] as const).flatMap((tree) => [
      () => treeSection({ tree, ways: `limit,bash,seq,tg,job${withMatrix.includes(tree) ? ',matrix' : ''}` }),
      () => treeSection({ tree, ways: 'limit,bash,tg,job', cold: true }),
      () => treeSection({ tree, ways: 'bash,tg,job,affected', noChange: true }),
      () => treeSection({ tree, ways: 'bash,tg,job', cold: true, noChange: true }),
    ]),
    // The document's way takes as long as the operator's own retries happen to: a median of five is one of luck.
    () => measureClaim(3 * runs, say),
    () => measurePlanner(runs, say),
    () => measureInstall(runs, say),
    async () => measureRedaction(runs),
    () => measureStartup(resolve(values.phoenix), runs, say),
  ];
}

function chosen(runs: number): (() => Promise<Section>)[] {
  if (values.all) return everything(runs);
  const picked = [
    ...(values.planner ? [() => measurePlanner(runs, say)] : []),
    ...(values.claim ? [() => measureClaim(runs, say)] : []),
    ...(values.install ? [() => measureInstall(runs, say)] : []),
    ...(values.redact ? [async () => measureRedaction(runs)] : []),
    ...(values.startup ? [() => measureStartup(resolve(values.phoenix), runs, say)] : []),
    ...(values['fast-track'] ? [() => fastTrack(runs)] : []),
  ];
  if (picked.length > 0) return picked;
  const tree = treeName(values.tree);
  return [() => treeSection({ tree, ways: values.ways, cold: values.cold, noChange: values['no-change'] })];
}

async function main(): Promise<void> {
  const runs = whole('runs', values.runs);
  // Before an hour is spent: a page that cannot take the figures is no place for them.
  const page = values.write === undefined ? undefined : await readFile(values.write, 'utf8');
  if (page !== undefined) withSections(page, '', []);
  const where = machine();
  const sections: Section[] = [];
  const started = performance.now();
  for (const bench of chosen(runs)) sections.push(await bench());
  const minutes = ((performance.now() - started) / 60_000).toFixed(0);
  const told = `Measured in ${minutes} minutes on ${where}.`;
  if (values.write !== undefined && page !== undefined)
    await writeFile(values.write, withSections(page, told, sections));
  const [only] = sections;
  const shown = values.json
    ? JSON.stringify(sections.length === 1 ? only?.data : sections, undefined, 2)
    : sections.map(({ title, text }) => `## ${title}\n\n${text}`).join('\n\n');
  process.stdout.write(`${shown}\n`);
}

await main().catch((thrown: unknown) => {
  say(messageOf(thrown));
  process.exitCode = 1;
});
