import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { runChild } from '../../src/child.ts';
import { temporaryFolder } from '../support/folder.ts';
import { tool } from '../support/tools.ts';
import { warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

/** The topology that the units read, with the smallest castle in it, and a state that stays in this folder. */
const files = {
  'live/tazlab/root.hcl':
    'remote_state {\n  backend = "local"\n  config  = {}\n  generate = {\n    path      = "backend.tf"\n    if_exists = "overwrite_terragrunt"\n  }\n}\n',
  'live/tazlab/castle.hcl': `locals {
  load_balancer_addresses = ["10.0.0.240-10.0.0.250"]
  gitops                  = { repository = "https://git.invalid/castle.git", branch = "main", entry = "./clusters/tazlab" }
  cluster_vars            = { castle = "tazlab", domain = "castle.invalid" }
  storage                 = { nodes = 2, replicas = 1, backup = null }
}
`,
  // Never applied: its outputs are the mocks.
  'live/tazlab/platform/terragrunt.hcl': 'include "root" {\n  path = find_in_parent_folders("root.hcl")\n}\n',
  'live/tazlab/platform/main.tf': 'output "cluster_id" {\n  value = "unused"\n}\n',
};

describe('the layers of the Proxmox castle that apply to its API', () => {
  test.each([
    ['engine', 3],
    ['networking', 3],
    ['gitops', 2],
    ['storage', 2],
  ] as const)('%s is planned before there is a cluster, without the network', async (unit, resources) => {
    await using folder = await temporaryFolder();
    for (const part of ['modules', `live/tazlab/${unit}`, 'live/tazlab/engine'])
      await cp(join(import.meta.dirname, '../../castle', part), join(folder.dir, part), { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder.dir, name)), { recursive: true });
      await writeFile(join(folder.dir, name), text);
    }
    const planned = await runChild(
      await tool('terragrunt'),
      ['run', '--no-color', '--non-interactive', '--tf-path', await tool('tofu'), '--', 'plan', '-no-color'],
      {
        cwd: join(folder.dir, 'live/tazlab', unit),
        env: { PATH: process.env['PATH'] ?? '', HOME: folder.dir },
        signal: AbortSignal.timeout(100_000),
        timeoutMs: 100_000,
      },
    );
    expect(planned.code, planned.stdout + planned.stderr).toBe(0);
    expect(planned.stdout).toContain(`${resources} to add, 0 to change, 0 to destroy`);
  });
});
