import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { castleSchema } from '../src/castle/schema.ts';
import { reportSchema } from '../src/report/schema.ts';

/**
 * Writes the published JSON Schemas from the zod schemas that the code itself parses with.
 * `--check` writes nothing and exits 1 where a file is stale.
 */
const published: readonly {
  readonly file: string;
  readonly schema: z.ZodType;
  readonly io: 'input' | 'output';
}[] = [
  { file: 'phoenix.schema.json', schema: castleSchema, io: 'input' },
  // The input side allows fields that later versions of the report add.
  { file: 'phoenix-report.schema.json', schema: reportSchema, io: 'input' },
];

const root = join(import.meta.dirname, '..');
const check = process.argv.includes('--check');

for (const { file, schema, io } of published) {
  const text = `${JSON.stringify(z.toJSONSchema(schema, { io }), null, 2)}\n`;
  const before = await readFile(join(root, file), 'utf8').catch(() => '');
  if (before === text) continue;
  if (check) {
    console.error(`${file} is stale: run \`node scripts/schema.ts\`.`);
    process.exitCode = 1;
  } else {
    await writeFile(join(root, file), text);
    console.error(`${file} written.`);
  }
}
