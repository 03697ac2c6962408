import { join, relative } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Order, plot } from '../../bench/fast-track/plot.ts';
import { loadCastle } from '../../src/castle/load.ts';
import { castleTree } from '../../src/gitops/castle.ts';
import { lint } from '../../src/gitops/lint.ts';
import { silentLog } from '../../src/log.ts';
import { discover } from '../../src/plan/discover.ts';
import { temporaryFolder } from '../support/folder.ts';
import { fluxKustomizations, gitopsRoot, waitsFor } from '../support/reference-tree.ts';
import { tool } from '../support/tools.ts';
import { warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt', 'kubectl']), 900_000);

/** What the units read from their environment without a default. */
const asked = ['ASSETS_EXTERNAL_SECRETS', 'ASSETS_KUSTOMIZE_CONTROLLER', 'ASSETS_SOURCE_CONTROLLER'];
const needed = [...asked, 'GIT', 'SOCKET', 'STATE'].map((name) => [`PHOENIX_BOX_${name}`, '/none']);

async function planted(order: Order) {
  const folder = await temporaryFolder();
  const { castle: file } = await plot(order, join(folder.dir, 'plot'));
  const castle = await loadCastle(file);
  if (castle.gitops === undefined) throw new Error('the castle has no gitops');
  const layers = await discover({
    ...{ liveDir: join(file, '..'), log: silentLog, signal: AbortSignal.timeout(60_000) },
    ...{ terragrunt: await tool('terragrunt'), tofu: await tool('tofu') },
    env: { PATH: process.env['PATH'] ?? '', HOME: folder.dir, ...Object.fromEntries(needed) },
  });
  const cluster = join(folder.dir, 'plot/castle/gitops/clusters/node');
  const kustomizations = await fluxKustomizations(relative(join(gitopsRoot, 'clusters'), cluster));
  const found = lint(castleTree(castle, castle.gitops)).map(({ rule, what }) => ({ rule, what }));
  return {
    ...{ layers, kustomizations, found },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

describe('the castle of the comparison', () => {
  test('is in V1 one chain of layers, and has its apps behind the database', async () => {
    await using v1 = await planted('V1');
    expect(v1.layers.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['secrets', 'platform', 'engine', 'networking', 'storage', 'gitops']),
    );
    for (const [index, { name, dependencies }] of v1.layers.entries()) {
      const before = v1.layers[index - 1]?.name;
      expect(dependencies, name).toEqual(before === undefined ? [] : expect.arrayContaining([before]));
    }
    expect(v1.layers.slice(-3).map(({ name }) => name)).toEqual(['networking', 'storage', 'gitops']);
    for (const app of ['apps-static', 'apps-data'])
      expect([...waitsFor(app, v1.kustomizations)].sort(), app).toEqual([
        ...['configs', 'instances', 'operators-namespaces'],
      ]);
  }, 120_000);

  test('is on the fast track the reference castle as it comes', async () => {
    await using fast = await planted('fast track');
    const after = new Map(fast.layers.map(({ name, dependencies }) => [name, dependencies]));
    for (const layer of ['networking', 'storage', 'gitops']) expect(after.get(layer)).toEqual(['engine']);
    expect([...waitsFor('apps-static', fast.kustomizations)]).toEqual(['operators-namespaces']);
    expect(fast.found).toEqual([]);
  }, 120_000);

  test('is refused by its own lint in V1: the blog waits for the data', async () => {
    await using v1 = await planted('V1');
    expect(v1.found).toContainEqual({
      rule: 'fast-track-on-data',
      what: expect.stringContaining('`apps-static`'),
    });
  }, 120_000);
});
