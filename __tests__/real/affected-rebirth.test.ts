import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { historyIn } from '../support/history.ts';
import { made, running, smallCastle, verdictsOf } from '../support/small-castle.ts';

const secrets = { TOKEN: { value: 'correct-horse-battery', use: '{ layers: [a], as: env }' } };

describe('phoenix with --affected', () => {
  it('rebuilds what a commit touches and no other layer, and where that is nothing asks for no secret', async () => {
    await using world = await smallCastle(
      {
        a: { main: made },
        b: { after: ['a'], main: made },
        c: { after: ['b'], main: made },
        d: { main: made },
      },
      { secrets },
    );
    const history = historyIn(world.dir);
    await history.git('init', '-q', '-b', 'main');
    await history.write({ '.gitignore': 'home\ntmp\nphoenix-report.json\n' });
    await history.commit('Begin');

    await history.write({ 'README.md': 'x' });
    await history.commit('Tell');
    await rm(join(world.secrets, 'TOKEN'));
    const nothing = await world.run(['rebirth', '--affected', '--base', 'HEAD^']);
    expect(nothing.code, nothing.output).toBe(0);
    expect(nothing.report).toMatchObject({
      ...{ verdict: 'untouched', layers: [], error: null, failures: [] },
      affected: { reason: 'from HEAD^', layers: [], removed: [], gitops: false },
    });
    expect(nothing.stdout.trimEnd().split('\n').at(-1)).toBe('nothing of small is touched: nothing was done');
    expect(await world.leftovers()).toEqual([]);

    await world.writeSecrets({ TOKEN: secrets.TOKEN.value });
    await history.write({ 'live/b/main.tf': running('true') });
    await history.remove('live/d');
    await history.commit('Change one, remove another');
    const some = await world.run(['rebirth', '--affected', '--base', 'HEAD^']);
    expect(some.code, some.output).toBe(0);
    expect(some.report?.verdict).toBe('reborn');
    expect(verdictsOf(some.report)).toEqual({ b: 'applied', c: 'applied' });
    expect(some.report?.affected).toMatchObject({
      layers: [
        { name: 'b', because: ['live/b/main.tf'] },
        { name: 'c', because: 'depends on b' },
      ],
      removed: [{ name: 'd', commit: await history.git('rev-parse', 'HEAD~2') }],
    });
    expect(some.output).toContain('the layer d is gone from the live folder; what it made is not destroyed');
  });

  it('rebuilds all that may read a file beside a root above the live folder, whose name is put together', async () => {
    await using world = await smallCastle({});
    const unit = 'include "root" {\n  path = find_in_parent_folders("terragrunt.hcl")\n}\n';
    await world.write({
      'phoenix.yaml': 'version: 1\ncastle: small\nlive: live/prod\n',
      'live/terragrunt.hcl': `locals {\n  name     = "prod"\n  settings = file("\${get_parent_terragrunt_dir()}/\${local.name}.yaml")\n}\n`,
      'live/prod.yaml': 'size: 1\n',
      'live/prod/a/terragrunt.hcl': unit,
      'live/prod/a/main.tf': made,
      'live/prod/b/terragrunt.hcl': unit,
      'live/prod/b/main.tf': made,
    });
    const history = historyIn(world.dir);
    await history.git('init', '-q', '-b', 'main');
    await history.write({ '.gitignore': 'home\ntmp\nphoenix-report.json\n' });
    await history.commit('Begin');
    await history.write({ 'live/prod.yaml': 'size: 2\n' });
    await history.commit('Grow');
    const { code, stdout, output } = await world.run(['plan', '--base', 'HEAD^', '--json']);
    expect(code, output).toBe(0);
    const { steps } = JSON.parse(stdout) as { steps: { name: string }[] };
    expect(steps.map(({ name }) => name).sort()).toEqual(['a', 'b']);
  });

  it('verifies the castle where only the GitOps tree is touched, and runs no layer', async () => {
    const page = createServer((_, answer) => answer.end('risen'));
    await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
    const { port } = page.address() as AddressInfo;
    try {
      await using world = await smallCastle(
        { a: { main: made } },
        {
          yaml: `gitops: { path: gitops, entry: clusters/small }\nmilestones: { page: { within: 9s, all: [{ http: http://127.0.0.1:${port}, contains: risen }] } }\n`,
        },
      );
      const history = historyIn(world.dir);
      await history.git('init', '-q', '-b', 'main');
      await history.commit('Begin');
      await history.write({ 'gitops/clusters/small/flux.yaml': 'kind: Kustomization\n' });
      await history.commit('Let Flux do more');
      const { code, output, report } = await world.run(['rebirth', '--base', 'HEAD^']);
      expect(code, output).toBe(0);
      expect(report).toMatchObject({
        ...{ verdict: 'reborn', layers: [], milestones: [{ name: 'page', met: true }] },
        affected: { layers: [], gitops: true },
      });
    } finally {
      page.close();
      page.closeAllConnections();
    }
  });

  it('plans what is touched, within what else is asked for, and names what is gone', async () => {
    await using world = await smallCastle({
      a: { main: made },
      b: { after: ['a'], main: made },
      c: { main: made },
    });
    const history = historyIn(world.dir);
    await history.git('init', '-q', '-b', 'main');
    await history.commit('Begin');
    await history.write({ 'live/a/--x $(id)\n::error::y': '' });
    await history.remove('live/c');
    await history.commit('Go on');
    const args = ['plan', '--affected', '--base', 'HEAD^', '--json'];
    const { code, stdout, stderr } = await world.run(args);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      steps: [{ name: 'a' }, { name: 'b' }],
      affected: {
        range: expect.stringMatching(/^[0-9a-f]{40}\.\.[0-9a-f]{40}$/),
        layers: [{ name: 'a' }, { name: 'b', because: 'depends on a' }],
        removed: [{ name: 'c' }],
      },
    });
    expect(stderr).not.toMatch(/^::/m);
    const part = await world.run([...args, '--only', 'b']);
    expect(JSON.parse(part.stdout)).toMatchObject({ steps: [{ name: 'b' }] });
    const none = await world.run(['plan', '--affected', '--base', 'HEAD', '--json']);
    expect(JSON.parse(none.stdout)).toMatchObject({ steps: [], affected: { layers: [] } });
  });
});
