import { copyFile, mkdir } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { postEntry } from '../__tests__/support/entry.ts';
import type { JobStep } from '../__tests__/support/runner/job.ts';
import { toolCache } from '../__tests__/support/world.ts';
import { stages } from '../bench/trees.ts';
import type { Place } from './place.ts';
import { secretName } from './plant.ts';
import type { Scenario, WayName } from './scenario.ts';

export interface Tools {
  readonly tofu: string;
  readonly terragrunt: string;
}

/** The step of each way, the same castle before it. */
export async function stepOf(
  way: WayName,
  scenario: Scenario,
  place: Place,
  phoenix: string,
): Promise<JobStep> {
  if (way === 'phoenix')
    return { kind: 'action', entry: phoenix, post: postEntry(phoenix), inputs: { command: 'rebirth' } };
  // As in the document: read from the RAM folder once, at the beginning of the script, and exported.
  const secret = `export TF_VAR_token=$(cat ${join(place.secrets, secretName)} | tr -d "'\\"")`;
  const live = join(place.repository, 'live');
  if (way === 'tg')
    return {
      kind: 'run',
      script: `${secret}\ncd ${live}\nterragrunt run --all apply --non-interactive\n`,
    };
  const turbo = join(place.dir, 'create', 'turbo.sh');
  await mkdir(dirname(turbo), { recursive: true });
  await copyFile(join(import.meta.dirname, '../bench/turbo.sh'), turbo);
  const tree = scenario.layers.map(({ name, dependencies }) => ({ name, dependencies, seconds: 0 }));
  const words = stages(tree).map((stage) => stage.map(({ name }) => name).join(','));
  return { kind: 'run', script: `${secret}\n${turbo} ${live} ${words.join(' ')}\n` };
}

/** What the runner's service has in its environment; tools and cache are the machine's, all else is the place's. */
export function environmentOf(way: WayName, place: Place, { tofu, terragrunt }: Tools) {
  const { PATH = '/usr/bin:/bin' } = process.env;
  const common = { PATH, HOME: place.home, TMPDIR: place.temp, RUNNER_TOOL_CACHE: toolCache };
  if (way === 'phoenix') return { ...common, PHOENIX_VAULT: place.vaultRoot };
  return {
    ...common,
    PATH: [...new Set([dirname(tofu), dirname(terragrunt)]), PATH].join(delimiter),
    TG_TF_PATH: tofu,
    TG_NON_INTERACTIVE: 'true',
    CHECKPOINT_DISABLE: '1',
  };
}
