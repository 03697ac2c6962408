import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../src/layer/events.ts';
import { sourceOf } from '../../src/layer/source.ts';
import { temporaryFolder } from '../support/folder.ts';

const error = (filename: string): Diagnostic => ({
  severity: 'error',
  summary: 'It broke',
  detail: '',
  range: { filename, start: { line: 4, column: 2 } },
});
const cache = 'live/a/.terragrunt-cache/x/y';

/** A repository with the files given; the error's file as the user would be shown it. */
async function shown(
  files: Readonly<Record<string, string>>,
  filename: string,
  engine: string | undefined = cache,
) {
  await using folder = await temporaryFolder(files);
  const { dir } = folder;
  await mkdir(join(dir, '.git'));
  const engineDir = engine === '' ? undefined : join(dir, engine);
  // Awaited here: the folder is gone once this returns.
  return await sourceOf(error(filename), { unit: join(dir, 'live/a'), engineDir }, dir);
}

describe('an error in a copy that Terragrunt made stands', () => {
  test("in the unit's own file, where that is what was copied", async () => {
    const files = { 'live/a/main.tf': 'same', [`${cache}/main.tf`]: 'same' };
    expect(await shown(files, 'main.tf')).toEqual({ file: 'live/a/main.tf', line: 4, column: 2 });
  });

  test('in the module that the unit names as its source', async () => {
    const files = {
      'live/a/terragrunt.hcl': '',
      'modules/m/main.tf': 'module',
      'modules/other/main.tf': 'other',
      [`${cache}/m/main.tf`]: 'module',
    };
    expect(await shown(files, 'main.tf', `${cache}/m`)).toMatchObject({ file: 'modules/m/main.tf' });
  });

  test('in a module beside that one, which the engine names by the way to it', async () => {
    const files = {
      'live/a/terragrunt.hcl': '',
      'modules/inner/main.tf': 'inner',
      [`${cache}/outer/main.tf`]: 'outer',
      [`${cache}/inner/main.tf`]: 'inner',
    };
    expect(await shown(files, '../inner/main.tf', `${cache}/outer`)).toMatchObject({
      file: 'modules/inner/main.tf',
    });
  });

  test('where init failed and nobody noted a folder, in what the only copy was made from', async () => {
    const files = {
      'live/a/terragrunt.hcl': '',
      'modules/m/main.tf': 'module',
      [`${cache}/m/main.tf`]: 'module',
      [`${cache}/m/.terragrunt-module-manifest`]: '',
    };
    expect(await shown(files, 'main.tf', '')).toMatchObject({ file: 'modules/m/main.tf' });
    const second = 'live/a/.terragrunt-cache/z/y/m/.terragrunt-module-manifest';
    expect(await shown({ ...files, [second]: '' }, 'main.tf', '')).toBeUndefined();
  });
});

describe('no place is given', () => {
  test.each<[string, Record<string, string>, string]>([
    [
      'for a file that was changed since',
      { 'live/a/main.tf': 'new', [`${cache}/main.tf`]: 'old' },
      'main.tf',
    ],
    ['for a file that was generated', { 'live/a/main.tf': 'x', [`${cache}/backend.tf`]: 'y' }, 'backend.tf'],
    [
      'where two modules read the same',
      { 'modules/m/main.tf': 'x', 'copies/m/main.tf': 'x', [`${cache}/m/main.tf`]: 'x' },
      'm/main.tf',
    ],
    [
      'for a module that init fetched',
      { [`${cache}/.terraform/modules/r/main.tf`]: 'x', 'modules/r/main.tf': 'x' },
      '.terraform/modules/r/main.tf',
    ],
    ['for a file that is not there', { 'live/a/main.tf': 'x' }, 'gone.tf'],
  ])('%s', async (_, files, filename) => {
    expect(await shown(files, filename)).toBeUndefined();
  });

  test('for an error that names none', async () => {
    const place = { unit: '/nowhere', engineDir: undefined };
    expect(await sourceOf({ severity: 'error', summary: '', detail: '' }, place)).toBeUndefined();
    expect(await sourceOf(undefined, place)).toBeUndefined();
  });
});

test("an error in a unit's own file, which Terragrunt names in full, stands there", async () => {
  await using folder = await temporaryFolder({ 'live/a/terragrunt.hcl': 'inputs = {' });
  const file = join(folder.dir, 'live/a/terragrunt.hcl');
  const place = { unit: join(folder.dir, 'live/a'), engineDir: undefined };
  expect(await sourceOf(error(file), place, folder.dir)).toMatchObject({ file: 'live/a/terragrunt.hcl' });
  expect(await sourceOf(error(file), place, join(folder.dir, 'elsewhere'))).toMatchObject({ file });
});
