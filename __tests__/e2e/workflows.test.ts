import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/report/schema.ts';
import { gitHubComments } from '../support/github-comments.ts';
import { gitHubGit } from '../support/github-git.ts';
import { type LastingBox, openLastingBox } from '../support/lasting-box.ts';
import { jobToken, type Newcomer, newcomer } from '../support/newcomer.ts';
import { verdictsOf } from '../support/small-castle.ts';

const zero = '0'.repeat(40);
const resource = (name: string, command: string) =>
  `resource "terraform_data" "${name}" {\n  provisioner "local-exec" {\n    command = "${command}"\n  }\n}\n`;
const more = resource('more', 'true');
const again = resource('again', 'true');
const broken = resource('broken', 'exit 3');
const spansOf = (report: Report | undefined, kind: string) =>
  (report?.spans ?? []).filter((span) => span.kind === kind);

/**
 * What a newcomer goes through, under act in host mode: the real workflows, bundle, tofu, Terragrunt and cluster; the
 * stand-ins of the box, and act for GitHub's own servers.
 */
describe("a newcomer's repository", () => {
  let box: LastingBox;
  let repository: Newcomer;
  const file = (name: string) => join(repository.dir, 'castle/live/box', name);
  const push = (before: string, after: string) => ({
    ref: 'refs/heads/main',
    before,
    after,
    created: before === zero,
    forced: false,
    repository: { default_branch: 'main', full_name: 'newcomer/castle' },
  });

  /** Writes these files of the live folder (undefined: removes them), commits, and gives the commits around it. */
  const change = (files: Readonly<Record<string, string | undefined>>): [before: string, after: string] => {
    const before = repository.git('rev-parse', 'HEAD');
    for (const [name, text] of Object.entries(files)) {
      if (text === undefined) rmSync(file(name));
      else writeFileSync(file(name), text);
    }
    return [before, repository.commit('a change')];
  };

  beforeAll(async () => {
    repository = await newcomer();
    box = await openLastingBox(file('phoenix.yaml'));
  }, 1_800_000);
  afterAll(async () => {
    await box?.[Symbol.asyncDispose]();
    await repository?.[Symbol.asyncDispose]();
  });

  it('is rebuilt by its first push as a matrix: legs overlap, and all of it is one ledger', async () => {
    const after = repository.git('rev-parse', 'HEAD');
    // The castle is small: nobody would take a matrix for it unasked.
    const caller = join(repository.dir, '.github/workflows/push.yml');
    writeFileSync(
      caller,
      readFileSync(caller, 'utf8').replace('runners: 3', 'runners: 3\n      mode: matrix'),
    );
    const { status, output, report } = await repository.act('push', 'push', push(zero, after), box.env);
    expect(output).toContain('Job succeeded');
    expect({ status, verdict: report?.verdict, failures: report?.failures }).toEqual({
      status: 0,
      verdict: 'reborn',
      failures: [],
    });
    expect(report).toMatchObject({ mode: 'matrix', castle: 'box' });
    expect(Object.keys(verdictsOf(report)).sort()).toEqual([
      'engine',
      'gitops',
      'networking',
      'platform',
      'secrets',
      'storage',
    ]);
    expect(report?.gates).toMatchObject([{ name: 'claim', verdict: 'passed' }]);
    // Reached; within the target or not hangs on how busy this machine is.
    expect(report?.milestones.map(({ name, seconds }) => [name, typeof seconds])).toEqual([
      ['blog', 'number'],
      ['stack', 'number'],
    ]);
    const jobs = spansOf(report, 'job');
    expect(output).toMatch(/rebirth\/verify *\]/);
    expect(jobs.map(({ name }) => name).sort()).toEqual([
      'claim-gitops',
      'networking',
      'plan',
      'secrets-platform-engine',
      'storage',
      'verify',
    ]);
    const side = jobs.filter(({ name }) => ['claim-gitops', 'networking', 'storage'].includes(name));
    expect(Math.max(...side.map(({ from }) => from))).toBeLessThan(Math.min(...side.map(({ to }) => to)));
    expect(spansOf(report, 'queue')).toHaveLength(jobs.length - 1);
    expect(report?.leaks.found).toEqual([]);
    expect(report?.leaks.checked).toBeGreaterThan(0);
  }, 600_000);

  it('goes on by hand from a layer, in one job', async () => {
    const payload = {
      inputs: { from: 'gitops', only: '', 'dry-run': 'false' },
      ref: 'refs/heads/main',
      repository: { default_branch: 'main' },
    };
    const { status, report, output } = await repository.act('recover', 'workflow_dispatch', payload, box.env);
    expect({ status, verdict: report?.verdict, output }).toMatchObject({ status: 0, verdict: 'reborn' });
    expect(report?.mode).toBe('rehearsal');
    expect(verdictsOf(report)).toEqual({ gitops: 'unchanged' });
  }, 600_000);

  it('has no drift right after, and says so', async () => {
    const payload = { schedule: '41 5 * * *', repository: { default_branch: 'main' } };
    const { status, output } = await repository.act('drift', 'schedule', payload, box.env);
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(output).toContain('drift=false');
  }, 600_000);

  it('runs nothing that a person types into the inputs of a dispatch', async () => {
    const canary = join(repository.dir, '..', 'canary');
    for (const typed of [`$(touch ${canary})`, `"; touch ${canary} #`, `--config=${canary}`]) {
      const payload = {
        inputs: { from: typed, only: '', 'dry-run': 'false' },
        repository: { default_branch: 'main' },
      };
      const { status, output } = await repository.act('recover', 'workflow_dispatch', payload, box.env);
      expect(status).not.toBe(0);
      expect(output).toContain('PHX-PLAN-LAYER-UNKNOWN');
      expect(existsSync(canary)).toBe(false);
    }
  }, 600_000);

  it('rebuilds only what a push touches, beside each other, and ends at once where that is nothing', async () => {
    const [before, after] = change({ 'README.md': 'words' });
    const nothing = await repository.act('push', 'push', push(before, after), box.env);
    expect(nothing).toMatchObject({ status: 0, report: undefined });
    const [from, to] = change({ 'networking/more.tf': more, 'storage/more.tf': more });
    const { status, report, output } = await repository.act('push', 'push', push(from, to), box.env);
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(report).toMatchObject({ mode: 'matrix', verdict: 'reborn' });
    expect(verdictsOf(report)).toEqual({ networking: 'applied', storage: 'applied' });
  }, 600_000);

  it('that breaks a layer sees its leg fail, the sibling finish, and the report say which', async () => {
    const [from, to] = change({ 'networking/broken.tf': broken, 'storage/again.tf': again });
    const { status, report, output } = await repository.act('push', 'push', push(from, to), box.env);
    expect({ status, output }).not.toMatchObject({ status: 0 });
    expect(report).toMatchObject({ verdict: 'failed', error: { code: 'PHX-LAYER-FAILED' } });
    expect(verdictsOf(report)).toEqual({ networking: 'failed', storage: 'applied' });
    expect(output).not.toMatch(/rebirth\/verify *\]/);
  }, 600_000);

  it('that breaks a layer others stand on sees these skipped', async () => {
    const [from, to] = change({ 'networking/broken.tf': undefined, 'engine/broken.tf': broken });
    const { status, report } = await repository.act('push', 'push', push(from, to), box.env);
    expect(status).not.toBe(0);
    expect(report?.verdict).toBe('failed');
    expect(verdictsOf(report)).toEqual({
      engine: 'failed',
      gitops: 'skipped',
      networking: 'skipped',
      storage: 'skipped',
    });
  }, 600_000);

  it('gets the plan of a pull request as one comment, made without a secret', async () => {
    await using github = await gitHubComments({ repository: 'newcomer/castle', pull: 7, writer: jobToken });
    const [base, head] = change({ 'engine/broken.tf': undefined, 'gitops/more.tf': more });
    const payload = {
      action: 'synchronize',
      number: 7,
      pull_request: {
        number: 7,
        base: { sha: base, ref: 'main' },
        head: { sha: head, ref: 'more', repo: { full_name: 'newcomer/castle' } },
      },
      repository: { default_branch: 'main', full_name: 'newcomer/castle' },
    };
    const env = { GITHUB_API_URL: github.url };
    const { status, output } = await repository.act('pull-request', 'pull_request', payload, env);
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(github.comments).toHaveLength(1);
    const [comment] = github.comments;
    expect(comment?.body).toContain('<!-- phoenix:plan box 1/1 -->');
    expect(comment?.body).toMatch(/engine/);
    expect(comment?.body).toMatch(/mocked/);
    expect(comment?.body).toMatch(/create <code>terraform_data\.more<\/code>/);
  }, 600_000);

  it('is drilled at night: down, up from nothing, down again, and its figures kept', async () => {
    await using github = await gitHubGit('newcomer/castle', jobToken);
    const env = { ...box.env, GITHUB_API_URL: github.url };
    const payload = { schedule: '17 3 * * *', repository: { default_branch: 'main' } };
    const { status, output } = await repository.act('nightly', 'schedule', payload, env);
    expect(status, output.slice(-4_000)).toBe(0);
    const kept = github.files('phoenix-history')?.get('box/history.jsonl') ?? '';
    expect(
      kept
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toEqual([
      expect.objectContaining({
        ...{ castle: 'box', verdict: 'reborn', leaks: 0, error: null },
        drill: expect.objectContaining({ verdict: 'good' }),
      }),
    ]);
    expect(github.files('phoenix-history')?.get('box/badge.svg')).toContain('last good drill');
    expect(output.match(/verdict=destroyed/g)).toHaveLength(1);
  }, 600_000);

  it('is taken down by its own caller, and only where its name is typed', async () => {
    const payload = (confirm: string) => ({ inputs: { confirm }, repository: { default_branch: 'main' } });
    const refused = await repository.act('destroy', 'workflow_dispatch', payload('tazlab'), box.env);
    expect(refused.status).not.toBe(0);
    expect(refused.output).toContain('PHX-DESTROY-CONFIRM');
    const { status, report, output } = await repository.act(
      'destroy',
      'workflow_dispatch',
      payload('box'),
      box.env,
    );
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(report).toMatchObject({ command: 'destroy', verdict: 'destroyed' });
    expect(new Set(Object.values(verdictsOf(report)))).toEqual(new Set(['absent']));
  }, 600_000);

  it('has its locks judged by its own caller, which a castle of the box has none of', async () => {
    const payload = { repository: { default_branch: 'main' } };
    const { status, output } = await repository.act('unlock', 'workflow_dispatch', payload, box.env);
    expect(status).not.toBe(0);
    expect(output).toContain('PHX-LOCK-BOX');
  }, 600_000);
});
