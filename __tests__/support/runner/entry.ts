import { join, resolve } from 'node:path';

/** What the runner starts: the bundle, as it is published; PHOENIX_TEST_ENTRY names another, such as src/index.ts. */
export const entry = resolve(
  process.env['PHOENIX_TEST_ENTRY'] ?? join(import.meta.dirname, '../../../dist/index.js'),
);
