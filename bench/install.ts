import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../src/log.ts';
import { installToolchain, pins } from '../src/toolchain/install.ts';
import { median } from './figures.ts';
import { markdownTable, type Section } from './section.ts';
import { findTools, lockFile } from './site.ts';

const requests = (['tofu', 'terragrunt'] as const).map((name) => ({ name, version: pins[name] }));

/** Installing tofu and Terragrunt: from the tool cache, and once into an empty one by whatever source this machine has. */
export async function measureInstall(runs: number, say: (text: string) => void): Promise<Section> {
  // The first time on a machine they are downloaded or built; that is not what is called warm.
  await findTools();
  const warm: number[] = [];
  for (let run = 0; run < runs; run += 1) warm.push((await install(undefined)).seconds);
  say('install: warm');
  const folder = await mkdtemp(join(tmpdir(), 'phoenix-bench-tools-'));
  try {
    const cold = await install(folder);
    say(`install: cold, ${cold.seconds.toFixed(1)} s`);
    const rows = [
      {
        name: 'warm',
        seconds: median(warm),
        spread: `${Math.min(...warm).toFixed(2)}–${Math.max(...warm).toFixed(2)}`,
        runs,
        says: 'both in the tool cache, digests checked',
      },
      {
        name: 'cold',
        seconds: cold.seconds,
        spread: '',
        runs: 1,
        says: `empty tool cache; from ${cold.sources.join(' and ')}, the caches of Go as they were`,
      },
    ];
    return {
      title: 'Installing tofu and Terragrunt',
      text: markdownTable(
        ['Install', 'Median s', 'Spread s', 'Runs', 'What it is'],
        rows.map(({ name, seconds, spread, runs: times, says }) => [
          name,
          seconds.toFixed(2),
          spread,
          times,
          says,
        ]),
      ),
      data: rows,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function install(cacheDir: string | undefined): Promise<{ seconds: number; sources: string[] }> {
  const before = process.env['RUNNER_TOOL_CACHE'];
  const started = performance.now();
  try {
    const installed = await installToolchain(requests, {
      ...{ lockFile, env: process.env, log: silentLog, signal: AbortSignal.timeout(30 * 60 * 1000) },
      ...(cacheDir === undefined ? {} : { cacheDir }),
    });
    const sources = [...new Set([...installed.values()].map(({ source }) => source))];
    return { seconds: (performance.now() - started) / 1000, sources };
  } finally {
    // The toolchain points the process at the folder that it was given.
    if (before === undefined) delete process.env['RUNNER_TOOL_CACHE'];
    else process.env['RUNNER_TOOL_CACHE'] = before;
  }
}
