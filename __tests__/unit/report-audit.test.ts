import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadCastle } from '../../src/castle/load.ts';
import { concludeRun } from '../../src/commands/conclude.ts';
import { lastLook } from '../../src/last-look.ts';
import { silentLog } from '../../src/log.ts';
import { createProgress } from '../../src/rebirth/progress.ts';
import { leaksInReport } from '../../src/report/audit.ts';
import { createLedger, epochClock } from '../../src/report/ledger.ts';
import { type Report, reportSchema } from '../../src/report/schema.ts';
import { writeReport } from '../../src/report/write.ts';
import { parseRequest } from '../../src/request.ts';
import { createRedactor } from '../../src/vault/redact.ts';
import { temporaryFolder } from '../support/folder.ts';
import { sampleReport } from '../support/reports.ts';

const value = 'canary-k3x9-of-the-word';
/** A form that the redactor does not know and the audit does. */
const reversed = [...value].reverse().join('');
const secrets = new Map([['WORD', value]]);

/** Ends a run that went well, with a secret of that value known, and `versions` in its report. */
async function conclude(versions: Readonly<Record<string, string>>, cautions: readonly string[] = []) {
  await using folder = await temporaryFolder({
    'phoenix.yaml': 'version: 1\ncastle: small\nlive: live\n',
    'live/a/terragrunt.hcl': '',
    '.git/HEAD': '',
  });
  const { dir } = folder;
  const redactor = createRedactor();
  redactor.add('WORD', value);
  const progress = createProgress();
  Object.assign(progress.versions, versions);
  progress.cautions.push(...cautions);
  progress.run = '00000000-0000-4000-8000-000000000000';
  const castle = await loadCastle(join(dir, 'phoenix.yaml'));
  const request = parseRequest(
    { command: 'rebirth', report: 'report.json', page: 'page.html' },
    (option) => option,
  );
  const edge = {
    env: {},
    cwd: dir,
    home: dir,
    self: [],
    log: silentLog,
    redactor,
    printed: { keepIn() {}, leave() {} },
    signal: new AbortController().signal,
    fetch,
    onRun() {},
    onCancel: 'drain' as const,
  };
  const ledger = createLedger(epochClock, new Date());
  const result = await concludeRun(castle, request, edge, ledger, progress);
  const page = await readFile(join(dir, 'page.html'), 'utf8').catch(() => undefined);
  return { result, page, written: await readFile(join(dir, 'report.json'), 'utf8') };
}

describe('a run that went well and whose report', () => {
  test('holds no secret stays reborn', async () => {
    const { result, page, written } = await conclude({ tofu: '1.12.6' }, [`mind ${value}`]);
    expect(result.exitCode).toBe(0);
    expect(page).toContain('is reborn');
    expect(page).toContain('mind ***');
    expect(JSON.parse(written)).toMatchObject({ verdict: 'reborn', leaks: { found: [] } });
  });

  test('would print one in a form that the redactor does not know fails, and shows it nowhere', async () => {
    const { result, page, written } = await conclude({ tofu: `1.12 of ${reversed}` });
    expect(page).toContain('NOT reborn');
    expect(page).not.toContain(reversed);
    expect(result.exitCode).toBe(5);
    expect(result.error).toMatchObject({ code: 'PHX-LEAK-FOUND' });
    const report = reportSchema.parse(JSON.parse(written));
    expect(report).toMatchObject({ verdict: 'failed', versions: { tofu: '***' } });
    expect(report.leaks.found).toContainEqual({ secret: 'WORD', place: 'the report', encoding: 'reversed' });
    const shown = [written, JSON.stringify(result.json), result.text({ color: false, width: 120 })].join();
    expect(shown).not.toContain(reversed);
    expect(shown).not.toContain(value);
  });

  test('holds none, but its page would, fails and has no page', async () => {
    const { result, page } = await conclude({ tofu: '1.12.6' }, [`mind ${reversed}`]);
    expect(result).toMatchObject({ exitCode: 5, error: { code: 'PHX-LEAK-FOUND' } });
    expect(page).toBeUndefined();
  });
});

describe('the last look', () => {
  const world = async (files: Readonly<Record<string, string>>, report: Report) => {
    const folder = await temporaryFolder(files);
    const file = join(folder.dir, 'report.json');
    expect(await writeReport(file, report)).toBeUndefined();
    const env = {
      GITHUB_OUTPUT: join(folder.dir, 'output'),
      GITHUB_STEP_SUMMARY: join(folder.dir, 'summary'),
      GITHUB_STATE: '',
    };
    return {
      folder,
      file,
      env,
      read: async () => reportSchema.parse(JSON.parse(await readFile(file, 'utf8'))),
    };
  };

  test('leaves a report alone where nothing holds a secret', async () => {
    const { folder, file, env, read } = await world({ output: 'a=b\n', summary: '# Fine\n' }, sampleReport());
    await using _ = folder;
    expect(await lastLook(sampleReport(), file, { env, secrets })).toEqual([]);
    expect(await read()).toMatchObject({ verdict: 'reborn', leaks: { found: [] } });
  });

  test.each(['output', 'summary'])('finds a secret in the %s, and the report says so', async (name) => {
    const { folder, file, env, read } = await world({ output: '', summary: '' }, sampleReport());
    await using _ = folder;
    const place = join(folder.dir, name);
    await writeFile(place, `it is ${reversed}\n`);
    const leak = { secret: 'WORD', place, encoding: 'reversed' };
    expect(await lastLook(sampleReport(), file, { env, secrets })).toEqual([leak]);
    expect(await read()).toMatchObject({
      verdict: 'failed',
      error: { code: 'PHX-LEAK-FOUND' },
      leaks: { found: [leak] },
    });
  });

  test('does not tell again of what the report tells', async () => {
    const { folder, file, env } = await world({ output: reversed, summary: '' }, sampleReport());
    await using _ = folder;
    const [leak] = await lastLook(sampleReport(), file, { env, secrets });
    const told = reportSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    expect(leak).toBeDefined();
    expect(await lastLook(told, file, { env, secrets })).toEqual([]);
  });
});

test('a secret is found in each of the texts that a report makes', () => {
  const places = leaksInReport(sampleReport({ castle: `castle ${reversed}` }), secrets).map(
    ({ place }) => place,
  );
  expect(places).toEqual(['the report', 'what the run printed at its end', 'the summary']);
});
