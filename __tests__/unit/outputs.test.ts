import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { PhoenixError } from '../../src/errors.ts';
import { writeOutputs, writeResult } from '../../src/outputs.ts';
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
    const written = writeOutputs(sampleReport(), '/work/hidden-folder/report.json', redactor.redact);
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
    const written = writeOutputs(sampleReport(), '/work/***/report.json', (text) => text);
    await expect(written).rejects.toMatchObject({ code: 'PHX-OUTPUT-MASKED' });
  });

  test('are written where they are free of secrets', async () => {
    await writeOutputs(sampleReport(), '/work/report.json', createRedactor().redact);
    expect(await readFile(join(folder.dir, 'output'), 'utf8')).toContain('/work/report.json');
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
