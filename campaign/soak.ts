import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { toolCache } from '../__tests__/support/world.ts';
import { messageOf } from '../src/errors.ts';
import { pins } from '../src/toolchain/install.ts';
import { clearOnInterrupt, makePlace, type Place } from './place.ts';
import { machineSize, today, writeRecord } from './record.ts';
import {
  type Flatness,
  flatnessOf,
  type Measure,
  measures,
  median,
  type Sample,
  warmUpOf,
} from './soak-figures.ts';
import { ownOf, sampleOf } from './soak-sample.ts';

/**
 * The soak: many rebirths of a tiny castle, in one process and as a process each. What a rebirth leaves must not grow:
 * open files, memory, processes, the vault's root, the castle's state home. The last line is JSON; exit 1 where it grew.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    phoenix: { type: 'string', default: join(import.meta.dirname, '../dist/index.js') },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const say = (text: string) => (values.json ? process.stderr : process.stdout).write(`${text}\n`);
const perRunMs = 30_000;
const lookMs = 50;

type Flat = Readonly<Record<Measure, Flatness>>;

async function plantTiny({ repository }: Place): Promise<void> {
  const write = async (file: string, text: string) => {
    await mkdir(join(repository, file, '..'), { recursive: true });
    await writeFile(join(repository, file), text);
  };
  await mkdir(join(repository, '.git'));
  await write('phoenix.yaml', 'version: 1\ncastle: soak\nlive: live\n');
  await write('live/first/terragrunt.hcl', '');
  await write('live/first/main.tf', 'resource "terraform_data" "first" {}\n');
  await write('live/second/terragrunt.hcl', 'dependencies {\n  paths = ["../first"]\n}\n');
  // Made anew each time, so that every rebirth has something to apply.
  await write(
    'live/second/main.tf',
    'resource "terraform_data" "second" {\n  triggers_replace = timestamp()\n}\n',
  );
}

function environment({ home, temp, vaultRoot }: Place): Record<string, string> {
  const { PATH = '/usr/bin:/bin' } = process.env;
  return {
    PATH,
    HOME: home,
    TMPDIR: temp,
    RUNNER_TOOL_CACHE: toolCache,
    PHOENIX_VAULT: vaultRoot,
    // glibc gives each thread an arena of its own, and keeps holes of freed buffers between what lives: both look like
    // growth. One arena, and a mapping of its own for whatever is large, show what is really held.
    MALLOC_ARENA_MAX: '1',
    MALLOC_MMAP_THRESHOLD_: '65536',
    MALLOC_TRIM_THRESHOLD_: '65536',
  };
}

interface Program {
  readonly args: readonly string[];
  readonly log: string;
  readonly deadlineMs: number;
}

/**
 * Runs node to its end; gives the most memory that it was seen with, and how many files it mostly had open: the most
 * would be what one of the looks met of a burst, and that hangs on what else the machine does. Throws where it fails.
 */
async function run(
  place: Place,
  { args, log, deadlineMs }: Program,
): Promise<Pick<Sample, 'fds' | 'rssBytes'>> {
  await using output = await open(log, 'w');
  const child = spawn(process.execPath, [...args], {
    cwd: place.repository,
    env: environment(place),
    stdio: ['ignore', output.fd, output.fd],
  });
  const exited = new Promise<number | string | null>((end) => {
    child.once('error', ({ message }) => end(message));
    child.once('exit', (code, signal) => end(signal ?? code));
  });
  const deadline = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
  const fds: number[] = [];
  let rssBytes = 0;
  let ending: number | string | null | undefined;
  while (ending === undefined) {
    ending = await Promise.race([exited, sleep(lookMs, undefined)]);
    const seen = await ownOf(child.pid ?? 0);
    if (seen.fds > 0) fds.push(seen.fds);
    rssBytes = Math.max(rssBytes, seen.rssBytes);
  }
  clearTimeout(deadline);
  if (ending === 0) return { fds: median(fds), rssBytes };
  throw await failed(ending, log);
}

async function failed(ending: unknown, log: string): Promise<Error> {
  return new Error(`a rebirth ended with ${ending}:\n${(await readFile(log, 'utf8')).slice(-3000)}`);
}

async function inOneProcess(runs: number): Promise<Flat> {
  await using place = await makePlace('soak-one');
  await plantTiny(place);
  const log = join(place.dir, 'log');
  await using output = await open(log, 'w');
  const inside = join(import.meta.dirname, 'soak-inside.ts');
  // V8 lets its young generation grow to tens of megabytes before it collects: held small, only a leak is left to grow.
  const flags = ['--expose-gc', '--max-semi-space-size=2'];
  const child = spawn(process.execPath, [...flags, inside, join(place.repository, 'phoenix.yaml')], {
    cwd: place.repository,
    env: environment(place),
    stdio: ['ignore', output.fd, output.fd, 'ipc'],
  });
  const gone = once(child, 'exit').then(([code, signal]) => signal ?? code);
  const deadline = setTimeout(() => child.kill('SIGKILL'), runs * perRunMs).unref();
  const samples: Sample[] = [];
  for (let number = 0; number < runs; number += 1) {
    const answer = once(child, 'message').then(([code]) => code);
    child.send('again');
    const code: unknown = await Promise.race([answer, gone]);
    if (code !== 0) throw await failed(code, log);
    samples.push(await sampleOf(place, await ownOf(child.pid ?? 0), child.pid));
  }
  clearTimeout(deadline);
  return flatnessOf(samples);
}

async function asProcesses(runs: number, phoenix: string): Promise<Flat> {
  await using place = await makePlace('soak-many');
  await plantTiny(place);
  const samples: Sample[] = [];
  const args = [phoenix, 'rebirth', '--quiet'];
  for (let number = 0; number < runs; number += 1) {
    const own = await run(place, { args, log: join(place.dir, 'log'), deadlineMs: perRunMs });
    samples.push(await sampleOf(place, own));
  }
  return flatnessOf(samples, true);
}

function table(results: Readonly<Record<string, Flat>>): string {
  const names = Object.keys(results);
  const rows = measures.map((measure) => [
    measure,
    ...names.map((name) => {
      const { first, last, flat } = results[name]?.[measure] ?? { first: 0, last: 0, flat: false };
      return `${first} → ${last}${flat ? '' : ' **grows**'}`;
    }),
  ]);
  const head = ['Median of the first → of the last quarter', ...names];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

async function main(): Promise<void> {
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 8)
    throw new Error(`--runs takes a whole number from 8, not ${values.runs}`);
  say(`${runs} rebirths in one process`);
  const one = await inOneProcess(runs);
  say(`${runs} rebirths, a process each`);
  const many = await asProcesses(runs, resolve(values.phoenix));
  const results = { 'in one process': one, 'a process each': many };
  const shown = table(results);
  say(`\n${shown}\n`);
  const flat = [one, many].every((each) => measures.every((measure) => each[measure].flat));
  if (values.write) {
    const head =
      `\`npm run soak -- --runs ${runs}\` on ${today()}, ${machineSize()}, OpenTofu ${pins.tofu}, Terragrunt ` +
      `${pins.terragrunt}, Node ${process.versions.node}, the first ${warmUpOf(runs)} runs left out, one malloc arena with large blocks mapped (MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_), a young generation of 2 MB in the one process: ${flat ? 'flat' : 'not flat'}.`;
    await writeRecord('soak', `${head}\n\n${shown}`);
  }
  process.stdout.write(`${JSON.stringify({ runs, flat, one, many })}\n`);
  if (!flat) process.exitCode = 1;
}

clearOnInterrupt();
await main().catch((thrown: unknown) => {
  process.stderr.write(`${messageOf(thrown)}\n`);
  process.exitCode = 1;
});
