import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { capture } from '../../src/command.ts';
import { archive, archiveOf, mirrorOf, pack } from '../support/backends/provider-archive.ts';
import { warmProxmoxBinary } from '../support/backends/proxmox-provider.ts';
import { running, smallCastle } from '../support/small-castle.ts';
import { tool } from '../support/tools.ts';
import { type World, warmTools } from '../support/world.ts';

beforeAll(async () => {
  await warmTools(['tofu', 'terragrunt']);
  await warmProxmoxBinary();
}, 900_000);

const needing = (type: string, main: string) =>
  `terraform {\n  required_providers { own = { source = "small/${type}" } }\n}\n${main}`;

/** Beside each unit the lock file that its own `init` writes, as it is committed. */
async function lock({ dir }: World, layers: readonly string[], env: Readonly<Record<string, string>>) {
  for (const layer of layers) {
    const cwd = join(dir, 'live', layer);
    const args = ['providers', 'lock', `-fs-mirror=${dir}/mirror`];
    const { code, stderr } = await capture(await tool('tofu'), args, { cwd, env: { ...env } });
    if (code !== 0) throw new Error(stderr);
  }
}

/** A castle whose second layer has locked a provider, and whose first takes so long. */
async function lateCastle(seconds: number) {
  const world = await smallCastle({
    first: { main: running(`sleep ${seconds}`) },
    second: { after: ['first'], main: needing('late', '') },
  });
  const config = { TF_CLI_CONFIG_FILE: await mirrorOf(world.dir, 'small', ['late']) };
  await lock(world, ['second'], config);
  return Object.assign(world, { config });
}

describe('the providers that later layers have locked', () => {
  test('are in the cache before their layer begins; what the first fetch themselves, and what is there, is not asked for', async () => {
    await using world = await smallCastle({
      // Until the provider of the layer after it is there: were it not fetched ahead, this would fail.
      first: {
        main: needing(
          'early',
          running(
            'for i in $(seq 100); do [ -e "$HOME/.cache/terragrunt/providers/registry.opentofu.org/small/late/1.0.0" ] && exit 0; sleep 0.1; done; exit 1',
          ),
        ),
      },
      second: { after: ['first'], main: needing('late', '') },
      third: { after: ['second'], main: needing('early', '') },
    });
    const config = { TF_CLI_CONFIG_FILE: await mirrorOf(world.dir, 'small', ['early', 'late']) };
    await lock(world, ['first', 'second', 'third'], config);
    const { code, output } = await world.run(['rebirth'], config);
    expect(code, output).toBe(0);
    expect(output).toMatch(/^providers: 1 for later layers fetched beside the first, [\d.]+ s$/m);
    expect(
      await readdir(join(world.dir, 'home/.cache/terragrunt/providers/registry.opentofu.org/small')),
    ).toEqual(['early', 'late']);
    expect(await world.leftovers()).toEqual([]);
    expect(await readdir(join(world.dir, 'home/.cache/terragrunt'))).toEqual(['providers']);

    const again = await world.run(['rebirth'], config);
    expect(again.code, again.output).toBe(0);
    expect(again.output).not.toMatch(/^providers:/m);
  }, 120_000);

  test('that are not what the lock file says are not taken, and their layer tells so itself', async () => {
    await using world = await lateCastle(3);
    const forged = pack(Buffer.from('another program'));
    const file = archiveOf(world.dir, 'small', 'late');
    await writeFile(file, archive('terraform-provider-late_v1.0.0', forged));
    const { code, output, report } = await world.run(['rebirth'], world.config);
    expect(code, output).toBe(7);
    expect(output).toMatch(/^providers: not fetched ahead \(.*\)$/m);
    expect(report?.layers.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['first', 'applied'],
      ['second', 'failed'],
    ]);
  }, 120_000);

  test('are let go with the run that is stopped meanwhile', async () => {
    await using world = await lateCastle(60);
    // A registry that never answers, in place of the mirror.
    const silent = join(world.dir, 'silent.rc');
    await writeFile(
      silent,
      'provider_installation {\n  network_mirror { url = "https://192.0.2.1/providers/" }\n}\n',
    );
    const phoenix = await world.start(['rebirth'], { TF_CLI_CONFIG_FILE: silent });
    await phoenix.sees(/\[first\] .*Plan: 1 to add/);
    phoenix.kill('SIGINT');
    const { code } = await phoenix.ended;
    expect(code).toBe(130);
    expect(await world.leftovers()).toEqual([]);
    expect(await readdir(join(world.dir, 'home/.cache/terragrunt')).catch(() => [])).not.toContainEqual(
      expect.stringContaining('.phoenix'),
    );
  }, 120_000);
});
