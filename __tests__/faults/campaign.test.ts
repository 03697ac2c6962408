import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { CampaignFigures } from '../../campaign/figures.ts';
import { entry } from '../support/entry.ts';
import { temporaryFolder } from '../support/folder.ts';
import { processesOf } from '../support/processes.ts';
import { soon } from '../support/runner/moments.ts';
import { warmTools } from '../support/world.ts';

const program = join(import.meta.dirname, '../../campaign/run.ts');
const campaignMs = 25 * 60 * 1000;

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

/** Runs `npm run campaign` with the arguments; gives its exit code, its last line, and all that it said. */
async function campaign(...args: readonly string[]) {
  const child = spawn(process.execPath, [program, '--json', '--phoenix', entry, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: campaignMs - 60_000,
  });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  const figures = JSON.parse(said.out.trimEnd().split('\n').at(-1) ?? '') as CampaignFigures;
  return { code, figures, said: said.err };
}

const none = { INV1: 0, INV2: 0, INV3: 0, INV4: 0, INV5: 0, INV6: 0 };

describe('the kill campaign', () => {
  test(
    'finds every invariant held in each of forty runs',
    async () => {
      const { code, figures, said } = await campaign('--runs', '40', '--seed', '1');
      expect({ broken: figures.ways.phoenix?.broken, said }).toMatchObject({ broken: none });
      expect({ code, figures }).toMatchObject({
        code: 0,
        figures: { seed: 1, ways: { phoenix: { runs: 40, held: 40 } } },
      });
      // Most must have been under way when they were struck, or the campaign proves nothing.
      expect(figures.ways.phoenix?.hit).toBeGreaterThanOrEqual(28);
    },
    campaignMs,
  );

  test('that is interrupted ends all it started, and removes its places', async () => {
    await using folder = await temporaryFolder();
    const child = spawn(process.execPath, [program, '--seed', '1', '--phoenix', entry], {
      env: { ...process.env, TMPDIR: folder.dir },
      stdio: 'ignore',
    });
    const layer = async () =>
      (await processesOf(folder.dir)).find(({ command }) => /terragrunt .*run --working-dir/.test(command));
    await soon('a layer under way', layer);
    child.kill('SIGINT');
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(130);
    expect(await processesOf(folder.dir)).toEqual([]);
    expect(await readdir(folder.dir)).toEqual([]);
  });
});
