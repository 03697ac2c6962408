import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { actionlint, zizmor } from '../support/workflow-tools.ts';

const root = join(import.meta.dirname, '..', '..');
const reusable = ['rebirth', 'plan', 'drill', 'watch', 'recover', 'destroy', 'drift', 'unlock'];
const workflowFile = (name: string) => join(root, '.github/workflows', `${name}.yml`);
const examples = readdirSync(join(root, 'examples')).filter((file) => file.endsWith('.yml'));

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly uses?: string;
  readonly steps?: readonly Step[];
  readonly strategy?: { readonly 'fail-fast'?: boolean };
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: unknown;
}
interface Workflow {
  readonly permissions: unknown;
  readonly concurrency?: { readonly 'cancel-in-progress'?: unknown; readonly queue?: string };
  readonly jobs: Readonly<Record<string, Job>>;
}
const workflow = (name: string) => parse(readFileSync(workflowFile(name), 'utf8')) as Workflow;

const scratch = mkdtempSync(join(tmpdir(), 'phoenix-workflows-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A workflow that pastes what a stranger wrote into a shell: both tools must see it, or their silence is worth nothing. */
function planted(): string {
  const folder = join(scratch, '.github/workflows');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'planted.yml');
  const text = [
    'name: planted',
    'on: issue_comment',
    'jobs:',
    '  one:',
    '    runs-on: ubuntu-latest',
    '    steps:',
    `      - run: echo "\${{ github.event.comment.body }}"`,
  ];
  writeFileSync(file, `${text.join('\n')}\n`);
  return file;
}

describe('the workflows', () => {
  const files = [...reusable, 'ci', 'campaign', 'rehearsal'].map(workflowFile);
  const callers = examples.map((file) => join(root, 'examples', file));

  it('are clean by actionlint, examples too', () => {
    const { status, stdout } = spawnSync(actionlint(), [...files, ...callers], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
    expect(status).toBe(0);
    expect(spawnSync(actionlint(), [planted()], { cwd: scratch }).status).toBe(1);
  });

  it('are clean by zizmor at its most pedantic, examples and action.yml too', () => {
    const audit = ['--offline', '--no-progress', '--persona', 'pedantic', '--quiet'];
    const clean = spawnSync(zizmor(), [...audit, ...files, ...callers, join(root, 'action.yml')], {
      encoding: 'utf8',
    });
    expect(clean.stdout).toMatch(/^No findings to report/);
    expect(clean.status).toBe(0);
    expect(spawnSync(zizmor(), [...audit, planted()]).status).toBeGreaterThan(9);
  });

  it.each(reusable)('%s runs nothing but Phoenix and a checkout, and hands no input to a shell', (name) => {
    for (const { steps = [], uses } of Object.values(workflow(name).jobs)) {
      if (uses !== undefined) expect(uses).toMatch(/^\$\/\.github\/workflows\/\w+\.yml$/);
      for (const step of steps) {
        expect(step.run).toBeUndefined();
        expect(step.uses).toMatch(/^(\$\/|actions\/checkout@[0-9a-f]{40})$/);
      }
    }
  });

  it.each(reusable)('%s starts with no permission, and each job has a time limit of its own', (name) => {
    const { permissions, jobs } = workflow(name);
    expect(permissions).toEqual({});
    for (const job of Object.values(jobs)) {
      expect(Object.keys(job.permissions ?? {}).length).toBeGreaterThan(0);
      if (job.uses === undefined) expect(job['timeout-minutes']).toBeDefined();
    }
  });

  it.each(['rebirth', 'destroy', 'drift', 'unlock'])(
    '%s waits for its turn, drops nothing and is never cut off',
    (name) => {
      expect(workflow(name).concurrency).toMatchObject({ 'cancel-in-progress': false, queue: 'max' });
    },
  );

  it('let no leg be cut off because another one failed', () => {
    const stages = Object.entries(workflow('rebirth').jobs).filter(([id]) => id.startsWith('stage-'));
    expect(stages).toHaveLength(8);
    for (const [, { strategy }] of stages) expect(strategy?.['fail-fast']).toBe(false);
  });

  it('give the pull request no way to a secret', () => {
    for (const { permissions } of Object.values(workflow('plan').jobs))
      expect(Object.keys(permissions ?? {}).sort()).toEqual(['contents', 'pull-requests']);
  });

  it('have an example each that calls them with inputs they have', () => {
    const called = new Set<string>();
    for (const file of callers) {
      const { jobs } = parse(readFileSync(file, 'utf8')) as Workflow;
      for (const job of Object.values(jobs)) {
        const name =
          /^OWNER\/phoenix\/\.github\/workflows\/(\w+)\.yml@0{40}$/.exec(job.uses ?? '')?.[1] ?? '';
        const { on } = parse(readFileSync(workflowFile(name), 'utf8')) as {
          on: { workflow_call: { inputs: Record<string, { required?: boolean }> } };
        };
        const known = on.workflow_call.inputs;
        const given = Object.keys((job as { with?: object }).with ?? {});
        expect(Object.keys(known)).toEqual(expect.arrayContaining(given));
        const required = Object.keys(known).filter((input) => known[input]?.required === true);
        expect(given).toEqual(expect.arrayContaining(required));
        called.add(name);
      }
    }
    expect([...called, 'rebirth'].sort()).toEqual(expect.arrayContaining([...reusable].sort()));
  });
});
