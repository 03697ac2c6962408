import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { median } from './figures.ts';

/** One start of Phoenix, and what is waited for: a line of its output that has `until`, or its end. */
interface Start {
  readonly name: string;
  readonly says: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly until?: RegExp;
}

export interface StartRow {
  readonly name: string;
  readonly medianSeconds: number;
  readonly minSeconds: number;
  readonly maxSeconds: number;
  readonly runs: number;
  /** Median, beyond that of bare Node in the same rounds. */
  readonly beyondSeconds: number;
}

/** Starts, and the size in bytes of each file of `dist/`. */
export interface StartupFigures {
  readonly rows: readonly StartRow[];
  readonly files: Readonly<Record<string, number>>;
}

const startWithinMs = 120_000;

function startsOf(phoenix: string, scratch: string): readonly Start[] {
  const box = join(dirname(dirname(phoenix)), 'castle/live/box/phoenix.yaml');
  const plan = [phoenix, 'plan', '--castle', box];
  return [
    { name: 'node', says: 'bare Node: `node -e 0`', args: ['-e', '0'] },
    { name: 'help', says: '`--help`', args: [phoenix, '--help'] },
    { name: 'plan, first line', says: '`plan` of the box, to its first line', args: plan, until: /\n/ },
    { name: 'plan, a layer', says: '`plan` of the box, to its first layer', args: plan, until: / layer / },
    {
      name: 'post',
      says: "the Action's post step, with nothing to clean up",
      args: [join(dirname(phoenix), 'post.js')],
      env: { GITHUB_ACTIONS: 'true', RUNNER_TEMP: scratch },
    },
    { name: 'box-host', says: "the box' host process, told nothing", args: [phoenix, 'box-host'] },
  ];
}

/**
 * How long Phoenix takes to start, by wall clock, each start once a round, and how large what it starts from is. Every
 * start is a whole process; rounds take turns, so that a noisy minute hits all alike.
 */
export async function measureStartup(
  phoenix: string,
  runs: number,
  say: (text: string) => void,
): Promise<{ readonly title: string; readonly text: string; readonly data: StartupFigures }> {
  const scratch = await mkdtemp(join(tmpdir(), 'phoenix-bench-'));
  try {
    const starts = startsOf(phoenix, scratch);
    const seen = new Map<Start, number[]>(starts.map((start) => [start, []]));
    // The first start reads the files from disk; that is not what is measured.
    for (const start of starts) await secondsOf(start, scratch);
    for (let round = 0; round < runs; round += 1) {
      for (const start of starts) seen.get(start)?.push(await secondsOf(start, scratch));
      say(`start-up: round ${round + 1} of ${runs}`);
    }
    const rows = rowsOf([...seen].map(([{ name }, seconds]) => ({ name, seconds })));
    const files = await sizesIn(dirname(phoenix));
    const data = { rows, files };
    return { title: 'Start-up and size', text: textOf(starts, rows, files, basename(phoenix)), data };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The first is what the others are held against. */
export function rowsOf(
  measured: readonly { readonly name: string; readonly seconds: readonly number[] }[],
): readonly StartRow[] {
  const bare = median(measured[0]?.seconds ?? []);
  return measured.map(({ name, seconds }) => ({
    name,
    medianSeconds: thousandths(median(seconds)),
    minSeconds: thousandths(Math.min(...seconds)),
    maxSeconds: thousandths(Math.max(...seconds)),
    runs: seconds.length,
    beyondSeconds: thousandths(median(seconds) - bare),
  }));
}

const thousandths = (value: number) => Math.round(value * 1000) / 1000;

/** Throws where it fails, or says nothing of what it is waited for: what did not start has no time to start. */
async function secondsOf({ name, args, env, until }: Start, scratch: string): Promise<number> {
  const { PATH = '', HOME = scratch, RUNNER_TOOL_CACHE } = process.env;
  const tools = RUNNER_TOOL_CACHE === undefined ? {} : { RUNNER_TOOL_CACHE };
  const began = performance.now();
  const child = spawn(process.execPath, [...args], {
    cwd: scratch,
    env: { PATH, HOME, ...tools, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: startWithinMs,
  });
  let [out, said] = ['', ''];
  let at: number | undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk;
    if (until?.test(out) === true) at ??= performance.now();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const ended = until === undefined ? performance.now() : at;
  if (code !== 0 || ended === undefined) throw new Error(`${name} ended with ${code}:\n${out}${said}`);
  return (ended - began) / 1000;
}

async function sizesIn(folder: string): Promise<Readonly<Record<string, number>>> {
  const names = (await readdir(folder)).toSorted();
  const sizes = names.map(async (name) => [name, (await stat(join(folder, name))).size] as const);
  return Object.fromEntries(await Promise.all(sizes));
}

function textOf(
  starts: readonly Start[],
  rows: readonly StartRow[],
  files: Readonly<Record<string, number>>,
  main: string,
): string {
  const ms = (seconds: number) => (seconds * 1000).toFixed(0);
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(0)} kB`;
  const total = Object.values(files).reduce((sum, size) => sum + size, 0);
  return [
    '| Start | Median ms | Spread ms | Beyond bare Node ms | Runs | What it is |',
    '|---|---|---|---|---|---|',
    ...rows.map(
      ({ name, medianSeconds, minSeconds, maxSeconds, beyondSeconds, runs }, index) =>
        `| ${name} | ${ms(medianSeconds)} | ${ms(minSeconds)}–${ms(maxSeconds)} | ${ms(beyondSeconds)} | ${runs} | ${starts[index]?.says} |`,
    ),
    '',
    '| File | Size |',
    '|---|---|',
    ...Object.entries(files).map(
      ([name, size]) =>
        `| \`dist/${name}\`${name === main ? ', all that a start reads' : ''} | ${kilobytes(size)} |`,
    ),
    `| together | ${kilobytes(total)} |`,
  ].join('\n');
}
