import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openGitHub } from '../../src/github/api.ts';
import { keepComments } from '../../src/github/sticky.ts';
import { markerOf } from '../../src/report/plan-comment.ts';
import { createRedactor } from '../../src/vault/redact.ts';
import { bot, type GitHubComments, gitHubComments } from '../support/github-comments.ts';
import { made, smallCastle } from '../support/small-castle.ts';

const marker = markerOf('box');
const body = (text: string, place = '1/1') => `${marker}${place} -->\n${text}`;
const world = { repository: 'org/castle', pull: 7, writer: 'may-write', reader: 'may-read' };

async function keep({ url }: GitHubComments, bodies: readonly string[], token = world.writer): Promise<void> {
  const env = { GITHUB_API_URL: url, GITHUB_REPOSITORY: 'org/castle' };
  const github = await openGitHub({ env, redactor: createRedactor() }, token);
  await keepComments(github, 7, marker, bodies);
}

describe('the comments on a pull request', () => {
  it('are written once, kept up to date in their places, and deleted where they are too many', async () => {
    await using github = await gitHubComments(world);
    await keep(github, [body('table', '1/3'), body('one', '2/3'), body('two', '3/3')]);
    const ids = github.comments.map(({ id }) => id);
    expect(ids).toHaveLength(3);
    const asked = github.asked.length;
    await keep(github, [body('table', '1/3'), body('one', '2/3'), body('two', '3/3')]);
    expect(github.asked.slice(asked)).toEqual(['GET /repos/org/castle/issues/7/comments']);
    await keep(github, [body('new table', '1/2'), body('new one', '2/2')]);
    expect(github.comments.map(({ id, body: text }) => [id, text])).toEqual([
      [ids[0], body('new table', '1/2')],
      [ids[1], body('new one', '2/2')],
    ]);
    await keep(github, [body('small')]);
    expect(github.comments.map(({ body: text }) => text)).toEqual([body('small')]);
  });

  it('of people, of other castles and of other bots stay as they are, also past the first page', async () => {
    await using github = await gitHubComments(world);
    const person = { login: 'somebody', type: 'User' } as const;
    for (let number = 0; number < 120; number += 1) github.plant(`talk ${number}`, person);
    github.plant(body('copied by a person'), person);
    github.plant(`> ${body('quoted by a bot')}`, bot);
    github.plant(`${markerOf('boxes')}1/1 -->\nanother castle`, bot);
    const own = github.plant(body('old'), bot);
    const foreign = github.comments.filter(({ id }) => id !== own.id).map((comment) => ({ ...comment }));
    await keep(github, [body('new')]);
    expect(own.body).toBe(body('new'));
    expect(github.comments.filter(({ id }) => id !== own.id)).toEqual(foreign);
    expect(github.asked.filter((line) => line.startsWith('GET'))).toHaveLength(2);
  });

  it('are not written twice where GitHub loses its answer, is busy, or asks for patience', async () => {
    await using github = await gitHubComments(world);
    const lost = { method: 'POST', status: 502, message: 'Server Error', done: true };
    const slow = {
      status: 403,
      message: 'You have exceeded a secondary rate limit.',
      headers: { 'retry-after': '1' },
    };
    github.fail(lost, slow);
    await keep(github, [body('a', '1/2')]);
    expect(github.asked.map((line) => line.slice(0, 4))).toEqual(['GET ', 'POST', 'GET ', 'GET ']);
    expect(github.comments).toHaveLength(1);
    github.fail({ status: 429, message: 'Too many requests', headers: { 'retry-after': '0' } });
    await keep(github, [body('b', '1/2'), body('c', '2/2')]);
    expect(github.comments.map(({ body: text }) => text)).toEqual([body('b', '1/2'), body('c', '2/2')]);
  }, 30_000);

  it('that may not be written say which permission is missing, and that patience has an end', async () => {
    await using github = await gitHubComments(world);
    await expect(keep(github, [body('a')], world.reader)).rejects.toMatchObject({
      code: 'PHX-GITHUB-API',
      why: expect.stringContaining('Resource not accessible by integration'),
      next: expect.stringContaining('permissions: { pull-requests: write }'),
    });
    expect(github.comments).toEqual([]);
    github.fail({ status: 429, message: 'Too many requests', headers: { 'retry-after': '3600' } });
    const asked = github.asked.length;
    await expect(keep(github, [body('a')])).rejects.toMatchObject({ code: 'PHX-GITHUB-API' });
    expect(github.asked).toHaveLength(asked + 1);
  });
});

describe('plan --comment', () => {
  it('writes what would change on the pull request, and where it may not, only warns', async () => {
    await using github = await gitHubComments(world);
    await using castle = await smallCastle({
      base: { main: made },
      top: { after: ['base'], main: 'resource "terraform_data" "a" {\n  for_each = toset(["@all|x"])\n}\n' },
    });
    await castle.write({
      'event.json': JSON.stringify({
        repository: { full_name: 'org/castle', fork: false, default_branch: 'main' },
        pull_request: { number: 7, head: { repo: { full_name: 'org/castle' } } },
      }),
    });
    const job = {
      GITHUB_EVENT_NAME: 'pull_request',
      GITHUB_EVENT_PATH: join(castle.dir, 'event.json'),
      GITHUB_REPOSITORY: 'org/castle',
      GITHUB_API_URL: github.url,
    };
    const plan = ['plan', '--changes', '--comment'];
    const written = await castle.run(plan, { ...job, GITHUB_TOKEN: world.writer });
    expect(written.code, written.output).toBe(0);
    expect(github.comments, written.output).toHaveLength(1);
    const [text = ''] = github.comments.map((comment) => comment.body);
    expect(text).toContain('2 of 2 layers would change');
    expect(text).toContain('| <code>base</code> | 1 to add | <code>top</code> |');
    expect(text).toContain('create <code>terraform_data.a&#91;"&#64;all&#124;x"&#93;</code>');

    // The layers' processes are not given it, nor is it printed.
    expect(written.output).not.toContain(world.writer);
    github.comments.splice(0);
    const refused = await castle.run(plan, { ...job, GITHUB_TOKEN: world.reader });
    expect(refused.code, refused.output).toBe(0);
    expect(refused.output).toContain('PHX-GITHUB-API');
    expect(refused.output).toContain('permissions: { pull-requests: write }');
    const without = await castle.run(['plan', '--comment'], job);
    expect(without.code).toBe(0);
    expect(without.output).toContain('PHX-GITHUB-TOKEN');
    const elsewhere = await castle.run(['plan', '--comment'], { GITHUB_TOKEN: world.writer });
    expect(elsewhere.output).toContain('for no pull request');
    expect(await castle.leftovers()).toEqual([]);
  });
});
