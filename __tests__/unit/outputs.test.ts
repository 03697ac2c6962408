import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { PlacedFinding } from '../../src/doctor/check.ts';
import { PhoenixError } from '../../src/errors.ts';
import { annotateFindings, writeOutputs, writeResult } from '../../src/outputs.ts';
import { createRedactor } from '../../src/vault/redact.ts';
import { temporaryFolder } from '../support/folder.ts';
import { sampleReport } from '../support/reports.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

// One summary for all: the toolkit remembers the first file that it is told.
beforeAll(async () => {
  folder = await temporaryFolder({ summary: '' });
  vi.stubEnv('GITHUB_STEP_SUMMARY', join(folder.dir, 'summary'));
});

beforeEach(async () => {
  await writeFile(join(folder.dir, 'output'), '');
  vi.stubEnv('GITHUB_OUTPUT', join(folder.dir, 'output'));
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await folder[Symbol.asyncDispose]();
});

describe('the outputs of the Action', () => {
  test('are refused where the runner would drop one of them without an error, and the error says no secret', async () => {
    const redactor = createRedactor();
    redactor.add('FOLDER', 'hidden-folder');
    const written = writeOutputs(
      sampleReport(),
      { report: '/work/hidden-folder/report.json' },
      redactor.redact,
    );
    const error = await written.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(PhoenixError);
    expect(error).toMatchObject({ code: 'PHX-OUTPUT-MASKED', exitCode: 10 });
    expect(JSON.stringify({ ...(error as PhoenixError) })).not.toContain('hidden-folder');
    expect(await readFile(join(folder.dir, 'output'), 'utf8')).toBe('');
    expect(await readFile(join(folder.dir, 'summary'), 'utf8')).not.toBe('');
  });

  test('are refused where a mask stands in them already', async () => {
    const written = writeOutputs(sampleReport(), { report: '/work/***/report.json' }, (text) => text);
    await expect(written).rejects.toMatchObject({ code: 'PHX-OUTPUT-MASKED' });
  });

  test('are written where they are free of secrets', async () => {
    const output = () => readFile(join(folder.dir, 'output'), 'utf8');
    await writeOutputs(sampleReport(), { report: '/work/report.json' }, createRedactor().redact);
    expect(await output()).toContain('/work/report.json');
    expect(await output()).not.toContain('page<<');
    await writeOutputs(sampleReport(), { report: 'a.json', page: '/work/a.html' }, createRedactor().redact);
    expect(await output()).toMatch(/page<<\S+\n\/work\/a\.html\n/);
  });

  test('of a plan are refused whole where the runner would drop one: the next job would read nothing', async () => {
    const redactor = createRedactor();
    redactor.add('TOKEN', 'networking');
    const outputs = { mode: 'matrix', stages: '[[{"name":"networking","layers":"networking"}]]' };
    await expect(writeResult({ outputs }, redactor.redact)).rejects.toMatchObject({
      code: 'PHX-OUTPUT-MASKED',
    });
    expect(await readFile(join(folder.dir, 'output'), 'utf8')).toBe('');
  });

  test('of a plan are refused where they are more than GitHub takes, which counts two bytes a character', async () => {
    const outputs = (characters: number) => ({ stages: 'x'.repeat(characters - 'stages'.length) });
    const half = 512 * 1024;
    await expect(writeResult({ outputs: outputs(half + 1) }, (text) => text)).rejects.toMatchObject({
      code: 'PHX-PLAN-TOO-LARGE',
      class: 'plan',
    });
    expect(await readFile(join(folder.dir, 'output'), 'utf8')).toBe('');
    await writeResult({ outputs: outputs(half) }, (text) => text);
    expect((await readFile(join(folder.dir, 'output'), 'utf8')).length).toBeGreaterThan(half - 20);
  });
});

describe('findings as annotations', () => {
  const finding = (severity: 'error' | 'warning', line: number): PlacedFinding => ({
    ...{ rule: 'a-rule', severity, file: 'tree/a.yaml', line, column: 3 },
    ...{ what: 'A secret is here.', why: 'Because.', fix: 'Mend it.' },
  });

  function annotated(findings: readonly PlacedFinding[]): string[] {
    const lines: string[] = [];
    const write = vi
      .spyOn(process.stdout, 'write')
      .mockImplementation((text) => lines.push(String(text)) > 0);
    try {
      annotateFindings(findings, (text) => text.replaceAll('secret', '***'));
    } finally {
      write.mockRestore();
    }
    return lines.map((line) => line.trim());
  }

  test('stand at their file, line and column, without a secret', () => {
    expect(annotated([finding('error', 7), finding('warning', 9)])).toEqual([
      '::error title=a-rule,file=tree/a.yaml,line=7,col=3::A *** is here. Because. Mend it.',
      '::warning title=a-rule,file=tree/a.yaml,line=9,col=3::A *** is here. Because. Mend it.',
    ]);
  });

  test('are as many of a kind as the runner shows, with room for the error of the run, and the rest is counted', () => {
    const lines = annotated(
      [...Array(30).keys()].flatMap((line) => [finding('error', line + 1), finding('warning', line + 1)]),
    );
    for (const kind of ['error', 'warning']) {
      const own = lines.filter((line) => line.startsWith(`::${kind}`));
      expect(own.length).toBe(9);
      expect(own.at(-1)).toBe(`::${kind}::22 more of this kind stand in the log.`);
    }
    expect(annotated([...Array(9).keys()].map((line) => finding('error', line + 1))).length).toBe(9);
  });
});
