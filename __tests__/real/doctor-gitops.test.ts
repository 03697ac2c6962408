import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { entry } from '../support/entry.ts';
import { temporaryFolder } from '../support/folder.ts';
import { configMap, type Written } from '../support/gitops/files.ts';
import { mended, notADirectory } from '../support/gitops/history.ts';
import { cluster, folder } from '../support/gitops/linted.ts';

const castleText = `version: 1
castle: small
live: live
gitops: { path: tree, entry: cluster, given: { crds: ["*.helm.toolkit.fluxcd.io"] } }
milestones:
  blog: { within: 1m, all: [{ kustomization: apps-static }] }
`;

const answer = z.object({
  checks: z.array(
    z.object({
      id: z.string(),
      status: z.string(),
      saw: z.string(),
      findings: z
        .array(
          z.strictObject({
            ...{ rule: z.string(), severity: z.enum(['error', 'warning']), file: z.string() },
            ...{ line: z.int().positive(), column: z.int().positive() },
            ...{ what: z.string().min(20), why: z.string().min(20), fix: z.string().min(20) },
          }),
        )
        .optional(),
    }),
  ),
});

interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Without a tool on PATH, and without a cache to install one into. */
async function phoenix(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Said> {
  const options = { cwd, env: { HOME: cwd, PATH: '', RUNNER_TOOL_CACHE: join(cwd, 'none'), ...env } };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [entry, ...args], options, (_, out, err) =>
      resolve({ code: child.exitCode, out, err }),
    );
  });
}

const castleOf = (tree: Written, text = castleText) =>
  temporaryFolder({
    'phoenix.yaml': text,
    'live/a/terragrunt.hcl': '',
    ...Object.fromEntries(Object.entries(tree).map(([path, content]) => [`tree/${path}`, content])),
  });

describe('phoenix doctor --only gitops', () => {
  test('ends with 0 where the tree is clean, and says what it looked at', async () => {
    await using castle = await castleOf(mended);
    const { code, out } = await phoenix(castle.dir, ['doctor', '--only', 'gitops', '--json']);
    const { checks } = answer.parse(JSON.parse(out));
    expect(checks).toEqual([
      {
        id: 'gitops.tree',
        status: 'ok',
        saw: '9 Kustomizations with 23 objects from tree/cluster: nothing found',
      },
    ]);
    expect(code).toBe(0);
  });

  test('ends with 2 where something is wrong, and gives each finding with file, line, rule, why and fix', async () => {
    await using castle = await castleOf(notADirectory);
    const args = ['doctor', '--castle', 'phoenix.yaml', '--only', 'gitops'];
    const { code, out } = await phoenix(castle.dir, [...args, '--json']);
    expect(code).toBe(2);
    const [check] = answer.parse(JSON.parse(out)).checks;
    expect(check).toMatchObject({ status: 'failed', saw: expect.stringMatching(/^3 errors in /) });
    expect(check?.findings?.map(({ rule, file, line }) => `${file}:${line} ${rule}`)).toEqual([
      'tree/cluster/core.yaml:9 path-not-a-folder',
      'tree/infrastructure/operators/data/kustomization.yaml:4 no-kustomization',
      'tree/infrastructure/operators/namespaces/kustomization.yaml:4 broken-reference',
    ]);
    const people = await phoenix(castle.dir, args);
    expect(people.code).toBe(2);
    for (const { file, line, column, rule, what, why, fix } of check?.findings ?? []) {
      expect(people.out).toContain(`${file}:${line}:${column} error ${rule}`);
      for (const words of [what, `why: ${why}`, `fix: ${fix}`]) expect(people.out).toContain(words);
    }
  });

  test('ends with 0 where there are only warnings', async () => {
    const tree = { ...cluster({ 'apps-static': ['./apps'] }), 'apps/README.md': '' };
    await using castle = await castleOf(tree);
    const { code, out } = await phoenix(castle.dir, ['doctor', '--only', 'gitops.tree', '--json']);
    expect(answer.parse(JSON.parse(out)).checks[0]).toMatchObject({ status: 'warning' });
    expect(code).toBe(0);
  });

  test('tells a mistake of the castle file in the castle file', async () => {
    const tree = { ...cluster({ apps: ['./apps'] }), ...folder('apps', configMap('a', 'default')) };
    await using castle = await castleOf(tree);
    const { out } = await phoenix(castle.dir, ['doctor', '--only', 'gitops', '--json']);
    expect(answer.parse(JSON.parse(out)).checks[0]?.findings).toMatchObject([
      { rule: 'milestone-unknown', file: 'phoenix.yaml', line: 6 },
    ]);
    await using other = await castleOf(tree, castleText.replace('entry: cluster', 'entry: clusters'));
    const { out: said } = await phoenix(other.dir, ['doctor', '--only', 'gitops', '--json']);
    expect(answer.parse(JSON.parse(said)).checks[0]?.findings).toMatchObject([
      { rule: 'path-not-a-folder', file: 'phoenix.yaml', line: 4 },
    ]);
  });

  test('looks at nothing where the castle has no tree', async () => {
    await using castle = await castleOf({}, 'version: 1\ncastle: small\nlive: live\n');
    const { code, out } = await phoenix(castle.dir, ['doctor', '--only', 'gitops', '--json']);
    expect(answer.parse(JSON.parse(out)).checks).toMatchObject([{ id: 'gitops.tree', status: 'skipped' }]);
    expect(code).toBe(0);
  });

  test('does not end well where the castle file does not load', async () => {
    await using castle = await castleOf(mended, castleText.replace('version: 1', 'version: 7'));
    const { code, out } = await phoenix(castle.dir, ['doctor', '--only', 'gitops', '--json']);
    expect(answer.parse(JSON.parse(out)).checks).toMatchObject([{ id: 'gitops.tree', status: 'failed' }]);
    expect(code).toBe(2);
  });

  test.each(['box', 'tazlab'])('finds nothing in the reference castle (%s)', async (name) => {
    const castle = join(import.meta.dirname, `../../castle/live/${name}/phoenix.yaml`);
    const { code, out } = await phoenix(process.cwd(), [
      'doctor',
      '--castle',
      castle,
      '--only',
      'gitops',
      '--json',
    ]);
    expect(answer.parse(JSON.parse(out)).checks).toMatchObject([{ status: 'ok' }]);
    expect(code).toBe(0);
  });
});

test('the Action shows each finding at its place', async () => {
  await using castle = await castleOf(notADirectory);
  const env = {
    GITHUB_ACTIONS: 'true',
    INPUT_COMMAND: 'doctor',
    INPUT_ONLY: 'gitops',
    GITHUB_OUTPUT: join(castle.dir, 'out'),
    GITHUB_STATE: join(castle.dir, 'state'),
    GITHUB_STEP_SUMMARY: join(castle.dir, 'summary'),
  };
  for (const name of ['out', 'state', 'summary']) await writeFile(join(castle.dir, name), '');
  const { out } = await phoenix(castle.dir, [], env);
  const errors = out.split('\n').filter((line) => line.startsWith('::error'));
  expect(errors.map((line) => /^::error ([^:]*)::/.exec(line)?.[1])).toEqual([
    expect.stringMatching(/title=path-not-a-folder,file=tree\/cluster\/core\.yaml,line=9,col=9/),
    expect.stringMatching(
      /title=no-kustomization,file=tree\/infrastructure\/operators\/data\/kustomization\.yaml,line=4,col=5/,
    ),
    expect.stringMatching(/title=broken-reference/),
    expect.stringMatching(/title=PHX-DOCTOR-FAILED/),
  ]);
});
