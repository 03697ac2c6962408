import { describe, expect, test } from 'vitest';
import { runJobs } from '../../src/github/run-jobs.ts';
import { silentLog } from '../../src/log.ts';
import { createRedactor } from '../../src/vault/redact.ts';
import { entry } from '../support/entry.ts';
import { serveLocally } from '../support/local-server.ts';

const token = 'ghs_0123456789abcdefghij';
const self = [process.execPath, entry];
const job = (id: number) => ({
  id,
  name: `rebirth / leg-${id}`,
  created_at: '2026-11-23T20:00:00Z',
  started_at: '2026-11-23T20:00:09Z',
  runner_name: 'forge-1',
});

async function asked(url: string, more: Readonly<Record<string, string>> = {}) {
  const env = {
    ...{ GITHUB_ACTIONS: 'true', GITHUB_REPOSITORY: 'me/castle', GITHUB_API_URL: url, INPUT_TOKEN: token },
    ...{ GITHUB_RUN_ID: '7', GITHUB_RUN_ATTEMPT: '2', ...more },
  };
  return runJobs({ env, self, redactor: createRedactor(), log: silentLog });
}

describe('the jobs of a workflow run', () => {
  test('are read from all pages of GitHub’s list for this attempt', async () => {
    const paths: string[] = [];
    let base = '';
    await using server = await serveLocally((request, response) => {
      const url = new URL(request.url ?? '/', base);
      paths.push(`${request.headers.authorization} ${url.pathname}`);
      const page = Number(url.searchParams.get('page') ?? '1');
      const next = `<${base}${url.pathname}?per_page=100&page=2>; rel="next"`;
      response.writeHead(200, {
        'content-type': 'application/json',
        ...(page === 1 ? { link: next } : {}),
      });
      response.end(JSON.stringify({ total_count: 2, jobs: [job(page)] }));
    });
    base = server.url;
    expect(await asked(server.url)).toEqual(
      [1, 2].map((id) => ({
        name: `rebirth / leg-${id}`,
        createdAt: Date.parse('2026-11-23T20:00:00Z'),
        startedAt: Date.parse('2026-11-23T20:00:09Z'),
        runner: 'forge-1',
      })),
    );
    expect(new Set(paths)).toEqual(
      new Set([`token ${token} /repos/me/castle/actions/runs/7/attempts/2/jobs`]),
    );
  });

  test('that GitHub does not tell are none, and no failure', async () => {
    await using refusing = await serveLocally((_request, response) => {
      response.writeHead(403, { 'content-type': 'application/json' });
      response.end('{"message":"Resource not accessible by integration"}');
    });
    await using strange = await serveLocally((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"jobs":[{"name":1}]}');
    });
    expect(await asked(refusing.url)).toEqual([]);
    expect(await asked(strange.url)).toEqual([]);
    expect(await asked('http://127.0.0.1:1')).toEqual([]);
  });

  test('are not asked for outside Actions, or without a token', async () => {
    const url = 'http://127.0.0.1:1';
    expect(await asked(url, { GITHUB_ACTIONS: '' })).toEqual([]);
    expect(await asked(url, { INPUT_TOKEN: '' })).toEqual([]);
  });
});
