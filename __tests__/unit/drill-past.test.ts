import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pastOf } from '../../src/drill/past.ts';
import { keepDurations } from '../../src/journal/durations.ts';
import { castleHome } from '../../src/journal/home.ts';
import { createRedactor } from '../../src/vault/redact.ts';
import { drillLines } from '../support/drill-pages.ts';
import { temporaryFolder } from '../support/folder.ts';
import { sampleReport } from '../support/reports.ts';

function world(dir: string, more: { signal?: AbortSignal; env?: NodeJS.ProcessEnv } = {}) {
  const drill = { issue: false, everySeconds: 1, historyDir: join(dir, 'drills') };
  const castle = { name: 'tazlab', box: false as const, file: join(dir, 'phoenix.yaml'), drill };
  const edge = {
    env: { XDG_STATE_HOME: dir, ...more.env },
    self: [],
    redactor: createRedactor(),
    signal: more.signal ?? new AbortController().signal,
  };
  return { castle: { ...castle, report: { history: 'kept', unattributed: 0.02 } }, edge };
}

const near = { drill: true, branch: false };
const both = { drill: true, branch: true };

describe('the past of a drill', () => {
  it('is what its folder keeps, without what became a secret since', async () => {
    await using folder = await temporaryFolder({ 'drills/history.jsonl': `${drillLines(5)}\n` });
    const { castle, edge } = world(folder.dir);
    edge.redactor.add('WORD', 'drill-3');
    const { runs, missing } = await pastOf(castle, edge, near);
    expect(missing).toBeUndefined();
    expect(runs.map(({ run }) => run)).toEqual(['drill-0', 'drill-1', 'drill-2', '***', 'drill-4']);
    expect(runs[4]?.drill).toMatchObject({ verdict: 'failed', rto: { stack: null } });
  });

  it('is none, and no trouble, where no drill was kept yet', async () => {
    await using folder = await temporaryFolder();
    const { castle, edge } = world(folder.dir);
    expect(await pastOf(castle, edge, near)).toEqual({ runs: [], missing: undefined });
  });

  it('says what of it cannot be read, and has the rest', async () => {
    await using folder = await temporaryFolder({
      'drills/history.jsonl': `${drillLines(2)}\n{"run": half\n`,
    });
    const { castle, edge } = world(folder.dir);
    const { runs, missing } = await pastOf(castle, edge, near);
    expect(runs).toHaveLength(2);
    expect(missing).toBe(`the history in ${join(folder.dir, 'drills')}: 1 of its lines cannot be read.`);
  });

  it('says so where the file is none that can be read', async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.dir, 'drills/history.jsonl'), { recursive: true });
    const { castle, edge } = world(folder.dir);
    expect(await pastOf(castle, edge, near)).toMatchObject({
      runs: [],
      missing: expect.stringContaining('EISDIR'),
    });
  });

  it('says so where the branch cannot be asked, and keeps what lies near', async () => {
    await using folder = await temporaryFolder({ 'drills/history.jsonl': `${drillLines(3)}\n` });
    const { castle, edge } = world(folder.dir);
    const { runs, missing } = await pastOf(castle, edge, both);
    expect(runs).toHaveLength(3);
    expect(missing).toContain('the branch kept: No token is given');
  });

  it('does not ask GitHub once the run is cancelled', async () => {
    await using folder = await temporaryFolder();
    const env = {
      GITHUB_REPOSITORY: 'me/castle',
      GITHUB_TOKEN: 'ghs_0',
      GITHUB_API_URL: 'http://127.0.0.1:9',
    };
    const { castle, edge } = world(folder.dir, { signal: AbortSignal.abort(), env });
    expect((await pastOf(castle, edge, both)).missing).toContain('the run was cancelled');
  });
});

describe('the past of a rebirth', () => {
  it('is the time that its layers took on this machine, oldest first', async () => {
    await using folder = await temporaryFolder();
    const { castle, edge } = world(folder.dir);
    const home = castleHome(castle, edge.env);
    const report = sampleReport();
    await keepDurations(home, { ...report, run: 'b', ended: '2026-11-24T00:00:00.000Z' });
    const slow = report.layers.map((layer) => ({ ...layer, seconds: 900 }));
    await keepDurations(home, { ...report, run: 'a', ended: '2026-11-23T00:00:00.000Z', layers: slow });
    await writeFile(join(home, 'durations/20261122.json'), 'half');
    const { runs, timed } = await pastOf(castle, edge, { drill: false, branch: false });
    expect(runs).toEqual([]);
    expect(timed?.map(({ layers }) => layers['platform'])).toEqual([900, 113]);
  });
});
