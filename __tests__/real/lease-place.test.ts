import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { findState } from '../../src/lease/place.ts';
import type { Terragrunt } from '../../src/plan/ask.ts';
import { rejection, temporaryFolder } from '../support/folder.ts';
import { tool } from '../support/tools.ts';

let programs: Pick<Terragrunt, 'terragrunt' | 'tofu'>;

beforeAll(async () => {
  programs = { terragrunt: await tool('terragrunt'), tofu: await tool('tofu') };
});

const included = 'include "root" {\n  path = find_in_parent_folders("root.hcl")\n}\n';

/** Asks the tree of one unit `eu/platform` and one that depends on it; `root` is the tree's root.hcl. */
async function asked(root: string, { unit = included, env = {}, signal = AbortSignal.timeout(60_000) } = {}) {
  await using folder = await temporaryFolder({
    'live/root.hcl': root,
    'live/eu/platform/terragrunt.hcl': unit,
    'live/engine/terragrunt.hcl': `${included}dependency "platform" {\n  config_path = "../eu/platform"\n}\n`,
  });
  const liveDir = join(folder.dir, 'live');
  const layers = [
    { name: 'engine', dir: join(liveDir, 'engine'), dependencies: ['eu/platform'] },
    { name: 'eu/platform', dir: join(liveDir, 'eu/platform'), dependencies: [] },
  ];
  const state = await findState(layers, liveDir, {
    ...programs,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder.dir, ...env },
    signal,
  });
  const left = (await readdir(liveDir, { recursive: true })).filter((name) => !name.endsWith('.hcl'));
  return { state, left: left.toSorted() };
}

const local = (path: string) => `remote_state {\n  backend = "local"\n  config = { path = "${path}" }\n}\n`;

describe('where Terragrunt says the states are', () => {
  it('is the backend with every expression resolved, and asking changes nothing in the tree', async () => {
    const root = [
      'remote_state {',
      '  backend = "s3"',
      '  config = {',
      '    bucket         = get_env("BUCKET")',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is HCL's.
      '    key            = "tazlab/${path_relative_to_include()}/terraform.tfstate"',
      '    region         = "eu-central-1"',
      '    use_path_style = true',
      '    endpoints      = { s3 = "http://127.0.0.1:9" }',
      '  }',
      '  generate = { path = "backend.tf", if_exists = "overwrite" }',
      '}',
      '',
    ].join('\n');
    const { state, left } = await asked(root, { env: { BUCKET: 'states' } });
    expect(state).toEqual({
      backend: 's3',
      layer: 'eu/platform',
      config: {
        bucket: 'states',
        key: 'tazlab/eu/platform/terraform.tfstate',
        region: 'eu-central-1',
        use_path_style: true,
        endpoints: { s3: 'http://127.0.0.1:9' },
      },
    });
    expect(left).toEqual(['engine', 'eu', 'eu/platform']);
  });

  it('is a folder outside the tree', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is HCL's.
    const { state } = await asked(local('/srv/state/${path_relative_to_include()}/terraform.tfstate'));
    expect(state).toMatchObject({ config: { path: '/srv/state/eu/platform/terraform.tfstate' } });
  });

  it.each([
    ['a relative path', local('terraform.tfstate'), 'in the folder of each layer'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is HCL's.
    ['a path in the tree', local('${get_terragrunt_dir()}/terraform.tfstate'), 'in the live folder'],
    ['no state of its own', '', 'has no `remote_state` block'],
    [
      'a backend that is only text',
      'generate "backend" {\n  path = "backend.tf"\n  if_exists = "overwrite"\n  contents = "terraform {}"\n}\n',
      'has no `remote_state` block',
    ],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is HCL's.
    ['an error', local('${get_env("NOT_SET")}'), '`terragrunt render` failed for eu/platform: '],
  ])('is not known with %s, and the text says why', async (_, root, expected) => {
    expect((await asked(root)).state).toEqual(expect.stringContaining(expected));
  });

  it('is given up when the run is cancelled, with whatever Terragrunt has started', async () => {
    const cancel = new AbortController();
    const reason = new Error('cancelled');
    setTimeout(() => cancel.abort(reason), 700);
    const root = 'locals {\n  slow = run_cmd("sleep", "600")\n}\n';
    const began = performance.now();
    expect(await rejection(asked(root, { signal: cancel.signal }))).toBe(reason);
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
