import type { PhoenixError } from '../../errors.ts';
import { leakError } from '../../vault/leak-error.ts';
import { leaksInReport } from '../audit.ts';
import { writeText } from '../write.ts';
import { type PageInput, renderPage } from './render.ts';

/**
 * Writes the page of a report that stands. One that would hold a secret is not written. What goes wrong is returned, not
 * thrown, as it changes no verdict.
 */
export async function keepPage(
  file: string,
  input: PageInput,
  secrets: ReadonlyMap<string, string>,
): Promise<PhoenixError | undefined> {
  const page = renderPage(input);
  const found = leaksInReport(input.report, secrets, page).filter(({ place }) => place === 'the page');
  return found.length > 0 ? leakError(found) : writeText(file, page, 'page');
}
