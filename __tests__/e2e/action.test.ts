import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportSchema } from '../../src/report/schema.ts';
import { actBinary } from '../support/act.ts';

const root = join(import.meta.dirname, '..', '..');

/** A clone with the working tree's own action, bundle and castle, as the runner would check it out. */
function cloneInto(folder: string): void {
  execFileSync('git', ['init', '--quiet', '--initial-branch=main', folder]);
  const parts = [
    'action.yml',
    'phoenix.lock',
    'dist',
    'castle/modules',
    'castle/gitops',
    'castle/live/box',
    '.github',
  ];
  for (const part of parts) cpSync(join(root, part), join(folder, part), { recursive: true });
  const git = (...args: string[]) =>
    execFileSync('git', [
      '-C',
      folder,
      '-c',
      'user.name=Phoenix',
      '-c',
      'user.email=test@phoenix.invalid',
      ...args,
    ]);
  git('add', '--all', '--force');
  git('commit', '--quiet', '--message', 'the action under test');
}

describe('the Action under act, in host mode', () => {
  let folder = '';
  /** In RAM, and of this test alone: other runs on the machine have vaults of theirs. */
  let [vaults, made] = ['', 0];
  let output = '';
  let status: number | null = null;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'phoenix-act-'));
    vaults = await mkdtemp('/dev/shm/phoenix-act-');
    made = (await stat(vaults)).mtimeMs;
    cloneInto(folder);
    const workflow = join(folder, '.github/workflows/rehearsal.yml');
    const text = readFileSync(workflow, 'utf8');
    // act ends with its copy of the workspace removed: what the last step only looks at is taken out of it. It knows no
    // `$/`, which is the checked-out repository here.
    const known = text.replace('uses: $/', 'uses: ./');
    writeFileSync(workflow, known.replace('test -s "$REPORT"', `cp "$REPORT" ${folder}/phoenix-report.json`));
    // The tool cache is the user's, as a persistent runner keeps its own.
    const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'phoenix', 'tools');
    const labels = ['self-hosted', 'proxmox'].flatMap((label) => ['-P', `${label}=-self-hosted`]);
    const act = spawnSync(
      actBinary(),
      [
        ...['workflow_dispatch', '-W', workflow, ...labels],
        ...['--env', `RUNNER_TOOL_CACHE=${cache}`, '--env', `PHOENIX_VAULT=${vaults}`],
      ],
      {
        cwd: folder,
        encoding: 'utf8',
        // The runner brings Node 24 along; act takes what is first on PATH.
        env: { ...process.env, PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) },
      },
    );
    status = act.status;
    output = `${act.stdout}${act.stderr}`;
  }, 1_800_000);

  afterAll(async () => {
    for (const each of [folder, vaults]) await rm(each, { recursive: true, force: true });
  });

  it('rebuilds the castle of the box and passes, main and post', () => {
    expect(output).toContain('Job succeeded');
    expect(status).toBe(0);
    expect(output).toMatch(/Success - Post \.\//);
  });

  it('gives its outputs to the steps after it', () => {
    expect(output).toMatch(
      /verdict=reborn seconds=\d+(\.\d+)? report=phoenix-report\.json page=phoenix-report\.html/,
    );
  });

  it('writes a job summary with the table and a Mermaid gantt', () => {
    expect(output).toContain('```mermaid');
    expect(output).toContain('gantt');
    expect(output).toMatch(/\| platform \|/i);
  });

  it('leaves a valid report of a rebirth, and no vault', async () => {
    const report = reportSchema.parse(JSON.parse(readFileSync(join(folder, 'phoenix-report.json'), 'utf8')));
    expect(report.verdict).toBe('reborn');
    expect(report.milestones.find(({ name }) => name === 'blog')?.met).toBe(true);
    expect(report.leaks.found).toEqual([]);
    const { mtimeMs } = await stat(vaults);
    expect(mtimeMs, 'a vault came and went').toBeGreaterThan(made);
    expect(await readdir(vaults)).toEqual([]);
  });
});
