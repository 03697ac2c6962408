import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/report/schema.ts';
import { type LastingBox, openLastingBox } from '../support/lasting-box.ts';
import { type Newcomer, newcomer } from '../support/newcomer.ts';
import { verdictsOf } from '../support/small-castle.ts';

const zero = '0'.repeat(40);
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
    expect(report?.milestones.map(({ name, met }) => [name, met])).toEqual([
      ['blog', true],
      ['stack', true],
    ]);
    const jobs = spansOf(report, 'job');
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

  it('that breaks a layer sees its leg fail, the siblings finish, and the report say which', async () => {
    const before = repository.git('rev-parse', 'HEAD');
    writeFileSync(
      file('networking/broken.tf'),
      'resource "terraform_data" "broken" {\n  provisioner "local-exec" {\n    command = "exit 3"\n  }\n}\n',
    );
    const after = repository.commit('break the network');
    const { status, report, output } = await repository.act('push', 'push', push(before, after), box.env);
    expect(status, output).not.toBe(0);
    expect(report?.verdict).toBe('failed');
    expect(verdictsOf(report)).toMatchObject({ networking: 'failed' });
  }, 600_000);
});
