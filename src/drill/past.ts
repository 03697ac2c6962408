import type { Castle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { toPhoenixError } from '../errors.ts';
import { jobToken, openGitHub } from '../github/api.ts';
import { readHistory } from '../github/history.ts';
import { readTimed } from '../journal/durations.ts';
import { castleHome } from '../journal/home.ts';
import { type Past, readPast } from '../report/page/past.ts';
import { openFolder } from './folder.ts';

/** What is waited for GitHub: a trend is a word beside the verdict, and the report is written after it. */
const branchSeconds = 20;

type Known = Pick<Castle, 'name' | 'box' | 'file' | 'drill' | 'report'>;
type World = Pick<Edge, 'env' | 'self' | 'redactor' | 'signal'>;

/**
 * The castle's earlier runs, for the page: of a drill those of the folder on this machine and, with `branch`, of the
 * branch; of any other run what this machine timed. What cannot be read is said in it. Never throws.
 */
export async function pastOf(
  castle: Known,
  edge: World,
  { drill, branch }: { readonly drill: boolean; readonly branch: boolean },
): Promise<Past> {
  if (!drill) return { runs: [], timed: await readTimed(castleHome(castle, edge.env)).catch(() => []) };
  const folder = openFolder(castle, edge.env);
  const near = await folder.look();
  const far = branch ? await onBranch(castle, edge) : { lines: '', trouble: undefined };
  const missing = [
    ...(near.trouble === undefined ? [] : [`the history in ${folder.dir}: ${near.trouble}.`]),
    ...(far.trouble === undefined ? [] : [`the branch ${castle.report.history}: ${far.trouble}`]),
  ];
  const { redactor } = edge;
  return {
    runs: readPast(redactor.redact(`${far.lines}\n${near.lines}`), castle.name),
    missing: missing.length === 0 ? undefined : redactor.redact(missing.join(' ')),
  };
}

async function onBranch(
  castle: Known,
  edge: World,
): Promise<{ readonly lines: string; readonly trouble: string | undefined }> {
  if (edge.signal.aborted) return { lines: '', trouble: 'the run was cancelled, so it was not asked for.' };
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`GitHub did not answer within ${branchSeconds} s.`)),
    branchSeconds * 1000,
  );
  try {
    const github = await openGitHub(edge, jobToken(edge.env));
    const lines = await Promise.race([readHistory(github, castle.report.history, castle.name), late.promise]);
    return { lines, trouble: undefined };
  } catch (thrown) {
    return { lines: '', trouble: toPhoenixError(thrown).why };
  } finally {
    clearTimeout(timer);
  }
}
