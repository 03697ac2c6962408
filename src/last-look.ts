import { withheld, withLeaks } from './report/audit.ts';
import type { Report } from './report/schema.ts';
import { writeReport } from './report/write.ts';
import { auditFiles, type Leak } from './vault/audit.ts';
import { commandFilesOf } from './vault/recent.ts';

/**
 * The last of the leak audit: the report and the runner's command files (outputs, environment, state, summary) as they
 * lie there now. Where they hold a secret that the report does not tell of, it is written once more and does. Returns
 * what was found so.
 */
export async function lastLook(
  report: Report,
  file: string,
  { env, secrets }: { readonly env: NodeJS.ProcessEnv; readonly secrets: ReadonlyMap<string, string> },
): Promise<readonly Leak[]> {
  const { found } = await auditFiles(secrets, [file, ...commandFilesOf(env)]);
  const told = new Set(report.leaks.found.map(keyOf));
  const news = found
    .map((leak) => (leak.place === file ? { ...leak, place: 'the report' } : leak))
    .filter((leak) => !told.has(keyOf(leak)));
  if (news.length === 0) return [];
  const unwritten = await writeReport(file, withheld(withLeaks(report, news), secrets));
  if (unwritten !== undefined) throw unwritten;
  return news;
}

function keyOf({ secret, place, encoding }: Leak): string {
  return `${secret}\0${place}\0${encoding}`;
}
