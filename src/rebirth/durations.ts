import type { Castle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { messageOf } from '../errors.ts';
import type { Sample } from '../insight/sample.ts';
import { keepDurations, readSamples } from '../journal/durations.ts';
import { castleHome } from '../journal/home.ts';
import type { Report } from '../report/schema.ts';

/** Keeps for later forecasts how long each part took. No run fails for it: a forecast without it is only less exact. */
export async function rememberDurations(
  castle: Castle,
  report: Report,
  { env, log }: Pick<Edge, 'env' | 'log'>,
): Promise<void> {
  await keepDurations(castleHome(castle, env), report).catch((thrown: unknown) =>
    log.debug(`how long the layers took could not be kept: ${messageOf(thrown)}`),
  );
}

/** What earlier runs of the castle on this machine took, the newest first. */
export async function rememberedRuns(castle: Castle, { env }: Pick<Edge, 'env'>): Promise<Sample[]> {
  return readSamples(castleHome(castle, env));
}
