import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { expectCode } from '../support/codes.ts';
import { temporaryFolder } from '../support/folder.ts';
import { serveLocally } from '../support/local-server.ts';
import { modules } from '../support/module-cluster.ts';

const manifest = 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: castle\n';
const sha256 = createHash('sha256').update(manifest).digest('hex');

/** Runs manifest.mjs as a layer does, with `home` as its home. */
async function print(sources: readonly object[], home: string, crds = '') {
  const child = spawn(process.execPath, [join(modules, 'manifest/manifest.mjs')], {
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      MANIFEST_SOURCES: JSON.stringify(sources),
      MANIFEST_CRDS: crds,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { code: code as number, stdout, stderr };
}

const keptIn = (home: string) => join(home, '.cache/phoenix/manifests');

describe('a manifest from where it is published', () => {
  test('is printed when it is the one that was pinned, and needs no network the next time', async () => {
    await using home = await temporaryFolder();
    let asked = 0;
    const server = await serveLocally((_request, response) => {
      asked += 1;
      response.end(manifest);
    });
    const source = { source: `${server.url}/castle.yaml`, sha256 };
    expect(await print([source], home.dir)).toMatchObject({ code: 0, stdout: manifest });
    expect(await readdir(keptIn(home.dir))).toEqual([`${sha256}.yaml`]);
    await server[Symbol.asyncDispose]();
    expect(await print([source], home.dir)).toMatchObject({ code: 0, stdout: manifest });
    expect(asked).toBe(1);
  });

  test('is refused when it is another one: nothing is printed, nothing kept', async () => {
    await using home = await temporaryFolder();
    await using server = await serveLocally((_request, response) => response.end(`${manifest}# and more\n`));
    const said = await print([{ source: `${server.url}/castle.yaml`, sha256 }], home.dir);
    expect(said).toMatchObject({ code: 1, stdout: '' });
    expect(said.stderr).toMatch(/is not the file that was pinned/);
    expect(said.stderr).toContain(`expected ${sha256}`);
    await expect(readdir(keptIn(home.dir))).rejects.toThrow();
  });

  test('is not taken from a URL without a digest', async () => {
    await using home = await temporaryFolder();
    const said = await print([{ source: 'https://manifests.invalid/a.yaml' }], home.dir);
    expect(said).toMatchObject({ code: 1, stdout: '' });
    expect(said.stderr).toContain('has no digest');
  });

  test('is asked for again where the server is ill or cuts the line, and not where it says no', async () => {
    await using home = await temporaryFolder();
    const answers: (number | 'cut')[] = [503, 'cut', 200];
    await using server = await serveLocally((_request, response) => {
      const next = answers.shift() ?? 404;
      if (next === 'cut') response.destroy();
      else response.writeHead(next).end(manifest);
    });
    expectCode(await print([{ source: `${server.url}/a.yaml`, sha256 }], home.dir), 0);
    const other = { source: `${server.url}/b.yaml`, sha256: sha256.replace(/^./, 'f') };
    answers.push(404, 200);
    const said = await print([other], home.dir);
    expect(said).toMatchObject({ code: 1, stdout: '' });
    expect(said.stderr).toContain('last seen: answer 404');
    expect(answers).toEqual([200]);
  });

  test('is fetched anew where what was kept is damaged', async () => {
    await using home = await temporaryFolder();
    await using server = await serveLocally((_request, response) => response.end(manifest));
    const source = { source: `${server.url}/castle.yaml`, sha256 };
    await print([source], home.dir);
    const kept = join(keptIn(home.dir), `${sha256}.yaml`);
    await writeFile(kept, 'kind: Evil\n');
    const said = await print([source], home.dir);
    expect(said).toMatchObject({ code: 0, stdout: manifest });
    expect(said.stderr).toContain('is damaged');
    expect(await readFile(kept, 'utf8')).toBe(manifest);
  });

  test('without a home nothing is kept, and it works', async () => {
    await using server = await serveLocally((_request, response) => response.end(manifest));
    expect(await print([{ source: `${server.url}/a.yaml`, sha256 }], '')).toMatchObject({
      code: 0,
      stdout: manifest,
    });
  });

  test('a name with the words of a shell in it is a name', async () => {
    await using home = await temporaryFolder({ '$(touch pwned); a.yaml': manifest });
    const source = join(home.dir, '$(touch pwned); a.yaml');
    expect(await print([{ source }], home.dir)).toMatchObject({ code: 0, stdout: manifest });
    expect(await readdir(home.dir)).toEqual(['$(touch pwned); a.yaml']);
  });
});

describe('the CRDs of a manifest', () => {
  const crd = (name: string, conversion = 'None') =>
    `---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: ${name}\nspec:\n  conversion:\n    strategy: ${conversion}\n`;

  test('come in the order in which they are named, and no others', async () => {
    await using folder = await temporaryFolder({
      'all.yaml': ['a.x', 'b.x', 'c.x'].map((name) => crd(name)).join(''),
    });
    const { stdout } = await print([{ source: join(folder.dir, 'all.yaml') }], folder.dir, 'c.x a.x');
    expect([...stdout.matchAll(/name: (\S+)/g)].map(([, name]) => name)).toEqual(['c.x', 'a.x']);
  });

  test.each([
    ['is not there', 'd.x', /holds no CRD d\.x/],
    ['converts by a webhook that nobody runs', 'a.x', /wants a conversion webhook/],
  ])('one that %s is refused', async (_what, name, words) => {
    await using folder = await temporaryFolder({ 'all.yaml': crd('a.x', 'Webhook') });
    const said = await print([{ source: join(folder.dir, 'all.yaml') }], folder.dir, name);
    expect(said).toMatchObject({ code: 1, stdout: '' });
    expect(said.stderr).toMatch(words);
  });
});
