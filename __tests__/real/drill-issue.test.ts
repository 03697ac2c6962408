import { describe, expect, it } from 'vitest';
import { openGitHub } from '../../src/github/api.ts';
import { keepIssue } from '../../src/github/issue.ts';
import { createRedactor } from '../../src/vault/redact.ts';
import { type GitHubIssues, gitHubIssues } from '../support/github-issues.ts';

const token = 'ghs_0123456789abcdefghij';
const open = () => gitHubIssues('me/castle', token);

async function keep(
  { url }: GitHubIssues,
  kind: 'failed' | 'good',
  key: string,
  body = `word of ${key}`,
  castle = 'twin',
) {
  const env = { GITHUB_REPOSITORY: 'me/castle', GITHUB_API_URL: url };
  const github = await openGitHub({ env, redactor: createRedactor() }, token);
  await keepIssue(github, castle, { kind, key, body });
}

describe('the issue of the drills', () => {
  it('is opened by a failure, brought up to date by the next ones, and closed by a good drill', async () => {
    await using github = await open();
    await keep(github, 'good', 'r0');
    expect(github.issues).toEqual([]);
    await keep(github, 'failed', 'r1');
    await keep(github, 'failed', 'r2');
    await keep(github, 'failed', 'r3');
    expect(github.issues).toMatchObject([
      { title: 'The drill of twin fails', state: 'open', labels: ['phoenix-drill'] },
    ]);
    expect(github.issues[0]?.body).toContain('Failed 3 times since this issue was opened.\n\nword of r3');
    expect(github.issues[0]?.comments).toHaveLength(2);
    await keep(github, 'good', 'r4');
    expect(github.issues).toMatchObject([{ state: 'closed', state_reason: 'completed' }]);
    expect(github.issues[0]?.comments.at(-1)?.body).toContain('word of r4');
    await keep(github, 'failed', 'r5');
    expect(github.issues.map(({ state }) => state)).toEqual(['closed', 'open']);
  });

  it('says nothing twice where a job runs again, or GitHub loses an answer or is busy', async () => {
    await using github = await open();
    github.fail({ status: 502, message: 'Bad Gateway', done: true, method: 'POST' });
    await keep(github, 'failed', 'r1');
    expect(github.issues).toHaveLength(1);
    await keep(github, 'failed', 'r2');
    await keep(github, 'failed', 'r2');
    github.fail({ status: 403, message: 'You have exceeded a secondary rate limit.' });
    await keep(github, 'failed', 'r2');
    expect(github.issues[0]?.comments).toHaveLength(1);
    expect(github.issues[0]?.body).toContain('Failed 2 times');
  });

  it('is the one with the lowest number where two jobs open one at once', async () => {
    await using github = await open();
    const mark = '<!-- phoenix:drill twin -->\n<!-- phoenix:failed 1 other -->\nfirst';
    github.beforeOpen(() => github.plant(mark));
    await keep(github, 'failed', 'r1');
    expect(github.issues.map(({ number, state }) => [number, state])).toEqual([
      [1, 'open'],
      [2, 'closed'],
    ]);
    expect(github.issues[1]?.comments.map(({ body }) => body)).toEqual([
      expect.stringContaining('Duplicate of #1.'),
    ]);
    expect(github.issues[0]?.body).toContain('word of r1');
  });

  it('of another castle, or one that only quotes the mark, stays as it is; one without its label is found', async () => {
    await using github = await open();
    const other = github.plant('<!-- phoenix:drill twins -->\nother');
    const quote = github.plant('> <!-- phoenix:drill twin -->');
    const own = github.plant('<!-- phoenix:drill twin -->\nedited by somebody', []);
    await keep(github, 'failed', 'r1');
    expect(github.issues).toHaveLength(3);
    expect([other.body, quote.body]).toEqual([
      '<!-- phoenix:drill twins -->\nother',
      '> <!-- phoenix:drill twin -->',
    ]);
    expect(own).toMatchObject({ body: expect.stringContaining('word of r1'), labels: ['phoenix-drill'] });
  });

  it('takes a body of any length', async () => {
    await using github = await open();
    await keep(github, 'failed', 'r1', 'x'.repeat(100_000));
    expect(github.issues[0]?.body).toHaveLength(65_536);
  });

  it.each([
    [403, 'Resource not accessible by integration', /issues: write/],
    [404, 'Not Found', /issues: write/],
    [410, 'Issues has been disabled in this repository.', /Turn on in the repository/],
  ])('that GitHub refuses with %i says what to do', async (status, message, next) => {
    await using github = await open();
    github.fail({ status, message });
    await expect(keep(github, 'failed', 'r1')).rejects.toMatchObject({
      code: 'PHX-GITHUB-API',
      next: expect.stringMatching(next),
    });
  });
});
