import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { PhoenixError } from '../../src/errors.ts';
import { writeOutputs } from '../../src/outputs.ts';
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
});
