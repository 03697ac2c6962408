import { randomUUID } from 'node:crypto';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Affected } from '../../src/affected/affected.ts';
import { temporaryFolder } from '../support/folder.ts';
import { affectedIn, makeHistory } from '../support/history.ts';

interface Event {
  readonly name: string;
  readonly payload: unknown;
}

const zeros = '0'.repeat(40);
const repository = { full_name: 'OWNER/castle', default_branch: 'main' };
const names = (found: Affected) => found.layers.map(({ name }) => name);

/** What the runner sets for an event. */
async function envOf(folder: string, { name, payload }: Event): Promise<Record<string, string>> {
  const file = join(folder, 'event.json');
  await writeFile(file, typeof payload === 'string' ? payload : JSON.stringify(payload));
  return { GITHUB_EVENT_NAME: name, GITHUB_EVENT_PATH: file, GITHUB_ACTIONS: 'true' };
}

/** Two castles' worth of commits: main with one on top, and a branch that left before it. */
async function forked() {
  const here = await makeHistory({
    'phoenix.yaml': 'version: 1\ncastle: small\nlive: live\n',
    'live/a/terragrunt.hcl': '',
    'live/b/terragrunt.hcl': 'dependencies {\n  paths = ["../a"]\n}\n',
    'live/c/terragrunt.hcl': '',
  });
  const events = await temporaryFolder();
  const first = await here.commit('Begin');
  await here.git('checkout', '-q', '-b', 'side');
  await here.write({ 'live/c/side.tf': '' });
  const side = await here.commit('Aside');
  await here.git('checkout', '-q', 'main');
  await here.write({ 'live/b/main.tf': '' });
  const main = await here.commit('Go on');
  return {
    ...{ here, first, side, main },
    find: async (event: Event, dir = here.dir) => affectedIn(dir, { env: await envOf(events.dir, event) }),
    /** A clone as actions/checkout makes it. */
    async clone(depth: number, branch = 'main') {
      const to = join(events.dir, `clone-${randomUUID()}`);
      await here.git('clone', '-q', '--depth', String(depth), '-b', branch, `file://${here.dir}`, to);
      return to;
    },
    async [Symbol.asyncDispose]() {
      await here[Symbol.asyncDispose]();
      await events[Symbol.asyncDispose]();
    },
  };
}

const push = (payload: object): Event => ({
  name: 'push',
  payload: { ref: 'refs/heads/main', repository, ...payload },
});

describe('the range of an event', () => {
  it('is what was pushed; by force it is all that differs, and everything where that is gone', async () => {
    await using world = await forked();
    const { first, main, side } = world;
    const pushed = await world.find(push({ before: first, after: main }));
    expect(pushed).toMatchObject({ range: `${first}..${main}`, reason: 'what was pushed' });
    expect(names(pushed)).toEqual(['b']);
    const forced = await world.find(push({ before: side, after: main, forced: true }));
    expect(forced.reason).toContain('by force');
    expect(names(forced).toSorted()).toEqual(['b', 'c']);
    const gone = await world.find(push({ before: '1'.repeat(40), after: main, forced: true }));
    expect(gone).toMatchObject({
      range: null,
      reason: expect.stringMatching(/^everything: 1{12}, from before/),
    });
    expect(names(gone)).toHaveLength(3);
  });

  it('of a new branch is what it has beside the default branch; of a new default branch everything', async () => {
    await using world = await forked();
    await world.here.git('update-ref', 'refs/remotes/origin/main', world.main);
    await world.here.git('checkout', '-q', 'side');
    const first = await world.find(push({ ref: 'refs/heads/side', before: zeros, after: world.side }));
    expect(first.range).toBe(`${world.first}..${world.side}`);
    expect(names(first)).toEqual(['c']);
    const all = await world.find(push({ before: zeros, after: world.side }));
    expect(all).toMatchObject({ range: null, reason: 'everything: this is the first push of main' });
  });

  it('of a pull request is what it changes, and nothing that main got meanwhile', async () => {
    await using world = await forked();
    const { first, main, side } = world;
    // As GitHub does it for refs/pull/N/merge.
    await world.here.git('checkout', '-q', '--detach', main);
    await world.here.git('merge', '-q', '--no-ff', '-m', 'Merge', side);
    const pull_request = { base: { sha: main }, head: { sha: side } };
    const found = await world.find({ name: 'pull_request', payload: { repository, pull_request } });
    expect(found.range).toBe(`${first}..${side}`);
    expect(names(found)).toEqual(['c']);
    await world.here.git('checkout', '-q', 'main');
    const elsewhere = await world.find({ name: 'pull_request', payload: { repository, pull_request } });
    expect(elsewhere.reason).toBe('everything: what is checked out is not the pull request');
  });

  it('of a merge group is what it adds', async () => {
    await using world = await forked();
    const merge_group = { base_sha: world.first, head_sha: world.main };
    expect(names(await world.find({ name: 'merge_group', payload: { merge_group } }))).toEqual(['b']);
  });

  it.each<[string, Event, RegExp]>([
    ['a tag', push({ ref: 'refs/tags/v1', before: zeros }), /a tag was pushed/],
    ['a schedule', { name: 'schedule', payload: {} }, /the event schedule has no range/],
    ['a dispatch', { name: 'workflow_dispatch', payload: {} }, /workflow_dispatch has no range/],
    ['a pull request of strangers', { name: 'pull_request_target', payload: {} }, /pull_request_target/],
    ['a payload that is none', { name: 'push', payload: 'x' }, /payload/],
    ['a push that says less', push({ before: '--output=x' }), /does not say what was pushed/],
    ['a deleted branch', push({ before: 'a'.repeat(40), deleted: true }), /was deleted/],
  ])('of %s is everything, and the reason is told', async (_, event, reason) => {
    await using world = await forked();
    const found = await world.find(event);
    expect(found.reason).toMatch(reason);
    expect(found).toMatchObject({ range: null, layers: [{}, {}, {}] });
  });

  it('in a shallow clone that does not reach back is an error with the fix', async () => {
    await using world = await forked();
    const { first, main, side } = world;
    const clone = await world.clone(1);
    const shallow = { code: 'PHX-AFFECTED-SHALLOW', next: expect.stringContaining('fetch-depth: 0') };
    await expect(world.find(push({ before: first, after: main }), clone)).rejects.toMatchObject(shallow);
    const pull_request = { base: { sha: first }, head: { sha: main } };
    const pull: Event = { name: 'pull_request', payload: { repository, pull_request } };
    await expect(world.find(pull, clone)).rejects.toMatchObject(shallow);
    const first_push = push({ ref: 'refs/heads/side', before: zeros, after: side });
    await expect(world.find(first_push, await world.clone(1, 'side'))).rejects.toMatchObject(shallow);
    await expect(affectedIn(clone, { base: first })).rejects.toMatchObject(shallow);
    // A clone that is shallow, but has what is asked for, will do.
    expect(names(await world.find(push({ before: first, after: main }), await world.clone(2)))).toEqual([
      'b',
    ]);
  });

  it('in a clone of one’s own begins where it left main, and takes in what is not committed', async () => {
    await using world = await forked();
    await world.here.git('checkout', '-q', 'side');
    expect(names(await affectedIn(world.here.dir, {}))).toEqual(['c']);
    await world.here.write({ 'live/a/new.tf': '', 'notes.bin': 'x', 'live/b/terraform.tfstate': '{}' });
    expect(names(await affectedIn(world.here.dir, {})).toSorted()).toEqual(['a', 'b', 'c']);
    await world.here.git('checkout', '-q', 'main');
    expect((await affectedIn(world.here.dir, {})).reason).toContain('--base names one');
  });

  it('begins at --base, which git takes for no option', async () => {
    await using world = await forked();
    expect(names(await affectedIn(world.here.dir, { base: world.first }))).toEqual(['b']);
    for (const base of ['nowhere', '--output=pwned', '--all', '-1', ':/Begin^{tree}'])
      await expect(affectedIn(world.here.dir, { base })).rejects.toMatchObject({ code: 'PHX-AFFECTED-BASE' });
    await expect(access(join(world.here.dir, 'pwned'))).rejects.toThrow();
  });

  it('cannot be told outside a repository', async () => {
    await using folder = await temporaryFolder({
      'phoenix.yaml': 'version: 1\ncastle: small\nlive: live\n',
      'live/a/terragrunt.hcl': '',
    });
    await expect(affectedIn(folder.dir, {})).rejects.toMatchObject({ code: 'PHX-AFFECTED-GIT' });
  });
});
