import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Site } from './site.ts';
import { timed } from './timed.ts';

const answer = z.object({
  simulation: z.object({
    pastError: z.object({ runs: z.number(), medianShare: z.number(), worstShare: z.number() }).nullable(),
  }),
});

/** How far forecasts of the span of layers were off: each run of the site, forecast only from those before it. */
export interface ForecastError {
  readonly runs: number;
  readonly medianShare: number;
  readonly worstShare: number;
}

/** Asks `plan --forecast` of a site whose runs were measured; undefined where it had fewer than two. */
export async function forecastError({ plot, phoenix, env }: Site): Promise<ForecastError | undefined> {
  const file = join(plot.root, 'forecast.json');
  const args = [phoenix, 'plan', '--forecast', '--json', '--quiet', '--castle', plot.castle];
  await timed({ file: process.execPath, args, cwd: plot.root, env }, file);
  const text = await readFile(file, 'utf8');
  return answer.parse(JSON.parse(text.slice(text.indexOf('{')))).simulation.pastError ?? undefined;
}
