import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepPageFile, keepPart, takeParts } from '../../src/github/artifacts.ts';
import { type ArtifactServer, artifactServer } from '../support/artifact-server.ts';

describe('the parts of a matrix, handed over as artifacts', () => {
  let server: ArtifactServer;
  let folder: string;
  beforeEach(async () => {
    server = await artifactServer();
    folder = await mkdtemp(join(tmpdir(), 'phoenix-artifacts-'));
    // The library takes them from the process' own environment.
    for (const [name, value] of Object.entries(server.env)) vi.stubEnv(name, value);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const world = (attempt = '1') => ({ env: { RUNNER_TEMP: folder, GITHUB_RUN_ATTEMPT: attempt } });
  const keep = async (castle: string, part: string, text: string, attempt?: string) => {
    const file = join(folder, 'phoenix-report.json');
    await writeFile(file, text);
    await keepPart(file, { castle, part }, world(attempt));
  };
  const taken = async (castle: string) => {
    const into = await mkdtemp(join(folder, 'taken-'));
    await takeParts(castle, into);
    const files = (await readdir(into, { recursive: true })).filter((name) => name.endsWith('.json'));
    return (await Promise.all(files.map((name) => readFile(join(into, name), 'utf8')))).sort();
  };

  it('come back as they were, each in the newest attempt that there is of it', async () => {
    await keep('box', 'plan', 'plan of the first attempt');
    await keep('box', 'leg-a,b', 'a and b, first');
    await keep('box', 'leg-a,b', 'a and b, second', '2');
    await keep('box', 'leg-a,b', 'a and b, tenth', '10');
    expect(await taken('box')).toEqual(['a and b, tenth', 'plan of the first attempt']);
  });

  it('are told apart though their names differ only in what an artifact cannot be called', async () => {
    await keep('box', 'leg-a/b', 'a/b');
    await keep('box', 'leg-a:b', 'a:b');
    await keep('box', 'leg-a-b', 'a-b');
    expect(await taken('box')).toEqual(['a-b', 'a/b', 'a:b']);
  });

  it('of another castle are left where they are', async () => {
    await keep('box', 'plan', 'of the box');
    await keep('box-twin', 'plan', 'of the twin');
    expect(await taken('box')).toEqual(['of the box']);
  });

  it('that cannot be fetched are named, and the others come all the same', async () => {
    await keep('box', 'plan', 'the plan');
    await keep('box', 'leg-a', 'a');
    server.lose('phoenix.box.leg-a.1');
    const into = await mkdtemp(join(folder, 'taken-'));
    expect(await takeParts('box', into)).toEqual([{ part: 'leg-a', why: expect.any(String) }]);
    expect(await readdir(join(into, 'phoenix.box.plan'))).toEqual(['part.json']);
  });

  it('are never a page, which lies beside them as the file that it is', async () => {
    await keep('box', 'rebirth', 'the report');
    const page = join(folder, 'page.html');
    await writeFile(page, '<!doctype html>');
    await keepPageFile(page, { castle: 'box', part: 'rebirth' }, world('2'));
    expect(server.names()).toEqual(['phoenix.box.rebirth.1', 'phoenix-page.box.rebirth.2.html']);
    expect(server.contentOf('phoenix-page.box.rebirth.2.html')?.toString()).toBe('<!doctype html>');
    expect(await taken('box')).toEqual(['the report']);
    await expect(keepPageFile(page, { castle: 'box', part: 'rebirth' }, world('2'))).rejects.toMatchObject({
      code: 'PHX-ARTIFACT-PAGE',
    });
  });

  it('say so where they cannot be kept', async () => {
    vi.stubEnv('ACTIONS_RUNTIME_TOKEN', '');
    await expect(keep('box', 'plan', 'text')).rejects.toMatchObject({ code: 'PHX-ARTIFACT-KEEP' });
  });
});
