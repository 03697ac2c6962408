import { dirname, join, resolve } from 'node:path';

/** The program under test: the bundle, as it is published; PHOENIX_TEST_ENTRY names another, such as src/index.ts. */
export const entry = resolve(
  process.env['PHOENIX_TEST_ENTRY'] ?? join(import.meta.dirname, '../../dist/index.js'),
);

/** The entry of the post step that belongs to a main entry, as action.yml names it; beside src/index.ts its source. */
export function postEntry(main: string): string {
  return join(dirname(main), main.endsWith('.ts') ? 'action-post.ts' : 'post.js');
}
