import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { report } from '../../src/commands/report.ts';
import { openGitHub } from '../../src/github/api.ts';
import { keepHistory } from '../../src/github/history.ts';
import { silentLog } from '../../src/log.ts';
import { parseRequest } from '../../src/request.ts';
import { createRedactor } from '../../src/vault/redact.ts';
import { temporaryFolder } from '../support/folder.ts';
import { type GitHubGit, gitHubGit } from '../support/github-git.ts';
import { sampleReport } from '../support/reports.ts';

const token = 'ghs_0123456789abcdefghij';
const branch = 'phoenix-history';

describe('the history of a castle, on a branch', () => {
  let server: GitHubGit;
  beforeEach(async () => {
    server = await gitHubGit('me/castle', token);
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const keep = async (run: string, given = token) => {
    const env = { GITHUB_REPOSITORY: 'me/castle', GITHUB_API_URL: server.url };
    const github = await openGitHub({ env, redactor: createRedactor() }, given);
    return keepHistory(github, branch, sampleReport({ run }));
  };
  const lines = () =>
    (server.files(branch)?.get('tazlab/history.jsonl') ?? '')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { run: string; verdict: string; milestones: object });

  it('begins with the first report, and has a line and the whole of each', async () => {
    await keep('first');
    expect(await keep('second')).toBe(server.files(branch)?.get('tazlab/history.jsonl'));
    expect(lines().map(({ run }) => run)).toEqual(['first', 'second']);
    expect(lines()[0]).toMatchObject({
      verdict: 'reborn',
      milestones: { blog: { seconds: 520, met: true } },
    });
    const reports = [...(server.files(branch)?.keys() ?? [])].filter((name) => name.includes('/reports/'));
    expect(reports).toHaveLength(2);
    expect(server.depth(branch)).toBe(2);
  });

  it('is read back for the trend of the page that `report` writes', async () => {
    await keep('first');
    await keep('second');
    await using folder = await temporaryFolder({
      'phoenix.yaml': 'version: 1\ncastle: tazlab\nlive: live\n',
      'live/a/terragrunt.hcl': '',
      '.git/HEAD': '',
      'parts/whole.json': JSON.stringify(sampleReport({ run: 'third' })),
    });
    const edge = {
      env: { GITHUB_REPOSITORY: 'me/castle', GITHUB_API_URL: server.url, INPUT_TOKEN: token },
      cwd: folder.dir,
      home: folder.dir,
      self: [],
      log: silentLog,
      redactor: createRedactor(),
      printed: { keepIn() {}, leave() {} },
      signal: new AbortController().signal,
      fetch,
      onRun() {},
      onCancel: 'drain' as const,
    };
    const request = { command: 'report', reports: 'parts', page: 'page.html', history: true };
    const result = await report(
      parseRequest(request, (option) => option),
      edge,
    );
    expect(result).toMatchObject({ exitCode: 0 });
    const page = await readFile(join(folder.dir, 'page.html'), 'utf8');
    expect(page).toContain('3 runs, 3 reborn');
  });

  it('loses neither of two runs that write at once', async () => {
    await keep('first');
    server.beforeUpdate(() => {
      const text = server.files(branch)?.get('tazlab/history.jsonl') ?? '';
      server.commit(branch, { 'tazlab/history.jsonl': `${text}${JSON.stringify({ run: 'other' })}\n` });
    });
    await keep('second');
    expect(lines().map(({ run }) => run)).toEqual(['first', 'other', 'second']);
  });

  it('is kept though GitHub is down for a moment', async () => {
    server.fail(502, 429);
    await keep('first');
    expect(lines()).toHaveLength(1);
  });

  it('names the permission where the job has none', async () => {
    server.fail(403);
    await expect(keep('first')).rejects.toMatchObject({
      code: 'PHX-GITHUB-API',
      next: expect.stringContaining('contents: write'),
    });
  });

  it('says so where there is no token', async () => {
    await expect(keep('first', '')).rejects.toMatchObject({ code: 'PHX-GITHUB-TOKEN' });
  });
});
