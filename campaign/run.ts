import { access, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { tool } from '../__tests__/support/tools.ts';
import { messageOf } from '../src/errors.ts';
import { pins } from '../src/toolchain/install.ts';
import { allHeld, type CampaignFigures, figuresOf, legend, lineOf, table } from './figures.ts';
import { runOnce } from './one-run.ts';
import { type CampaignOptions, campaignOptions } from './options.ts';
import { clearOnInterrupt } from './place.ts';
import { pooled } from './pool.ts';
import { machineSize, today, writeRecord } from './record.ts';
import { scenarioOf } from './scenario.ts';

/**
 * The kill campaign: plants castles, strikes their runs at random moments, and holds what is left after the next run
 * against the invariants; the same for the ways that there were before, with the same castles, strikes and moments.
 * A line a run, a table, and as the last line the counts as JSON. Exit 0 only if Phoenix kept every invariant always.
 */
async function main(): Promise<void> {
  const options = campaignOptions(process.argv.slice(2));
  const { seed, runs, ways, json } = options;
  const say = (text: string) => (json ? process.stderr : process.stdout).write(`${text}\n`);
  const phoenix = resolve(options.phoenix ?? join(import.meta.dirname, '../dist/index.js'));
  await access(phoenix);
  if (options.keep !== undefined) await mkdir(options.keep, { recursive: true });
  const tools = { tofu: await tool('tofu'), terragrunt: await tool('terragrunt') };
  say(`seed ${seed}: ${runs.length} runs of ${ways.join(', ')}`);
  const list = runs.flatMap((index) => ways.map((way) => ({ way, scenario: scenarioOf(seed, index) })));
  const results = await pooled(list, options.atOnce, async ({ way, scenario }) => {
    const keep = options.keep === undefined ? {} : { keep: resolve(options.keep) };
    const result = await runOnce(way, scenario, { tools, phoenix, ...keep });
    say(lineOf(result));
    return result;
  });
  const figures = figuresOf(seed, ways, results);
  const shown = table(ways, results);
  say(`\n${shown}\n\n${legend()}\n`);
  if (options.write) await writeRecord('campaign', recordText(options, figures, shown));
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  if (!allHeld(figures)) process.exitCode = 1;
}

function recordText(options: CampaignOptions, figures: CampaignFigures, shown: string): string {
  const { runs, seed, ways, phoenix } = options;
  const entry = phoenix === undefined ? '' : ` --phoenix ${phoenix}`;
  const sums = ways.map(
    (way) => `${way} kept all in ${figures.ways[way]?.held} of ${figures.ways[way]?.runs} runs`,
  );
  return [
    `\`npm run campaign -- --runs ${runs.length} --seed ${seed} --ways ${ways.join(',')}${entry}\` on ${today()}, ` +
      `${machineSize()}, OpenTofu ${pins.tofu}, Terragrunt ${pins.terragrunt}, Node ${process.versions.node}: ${sums.join('; ')}.`,
    legend(),
    shown,
  ].join('\n\n');
}

// Nothing that the campaign started outlives it, also where it is interrupted; state servers end with their stdin.
clearOnInterrupt();
await main().catch((thrown: unknown) => {
  process.stderr.write(`${messageOf(thrown)}\n`);
  process.exitCode = 1;
});
