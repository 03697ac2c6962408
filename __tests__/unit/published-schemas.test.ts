import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { capture } from '../../src/command.ts';

const root = join(import.meta.dirname, '../..');

test('the published JSON Schemas are those that the code parses with', async () => {
  const { code, stderr } = await capture(process.execPath, [join(root, 'scripts/schema.ts'), '--check']);
  expect(stderr).not.toContain('is stale');
  expect(code).toBe(0);
});

test('the castle’s JSON Schema describes every section to an editor and closes each against unknown keys', async () => {
  const schema = JSON.parse(await readFile(join(root, 'phoenix.schema.json'), 'utf8'));
  expect(schema.additionalProperties).toBe(false);
  for (const [name, section] of Object.entries<{ description?: string }>(schema.properties)) {
    expect(section.description, name).toMatch(/\S/);
  }
});
