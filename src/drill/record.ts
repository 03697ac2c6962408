import type { Castle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { messageOf, PhoenixError } from '../errors.ts';
import { jobToken, openGitHub } from '../github/api.ts';
import { keepHistory } from '../github/history.ts';
import { keepIssue } from '../github/issue.ts';
import { runUrl } from '../rebirth/run-url.ts';
import type { Report } from '../report/schema.ts';
import { badgeOf, badgeSvg, shieldsJson } from './badge.ts';
import { readEntries } from './entries.ts';
import { inOneMove, openFolder } from './folder.ts';
import { failureText, goodText } from './issue-text.ts';
import { metricsOf } from './metrics.ts';
import { trendOf } from './trend.ts';

/**
 * Keeps what a drill found: in the folder on this machine, as metrics and, where asked for, on the branch and in the
 * issue. Gives what did not succeed, in words: a drill is as good as it was, also where nobody can write that down.
 */
export async function keepDrill(
  castle: Castle,
  report: Report,
  edge: Edge,
  { branch }: { readonly branch: boolean },
): Promise<string[]> {
  const { drill } = report;
  if (drill === undefined) return [];
  const { metrics, everySeconds } = castle.drill;
  const folder = openFolder(castle, edge.env);
  const steps: (readonly [string, () => Promise<void>])[] = [
    [
      `its history in ${folder.dir}`,
      async () => {
        const lines = await folder.add(report);
        for (const { path, content } of badgeFiles(castle, lines)) await folder.write(path, content);
      },
    ],
  ];
  if (metrics !== undefined)
    steps.push([metrics, () => inOneMove(metrics, metricsOf(report, drill, everySeconds))]);
  if (branch) {
    const github = () => openGitHub(edge, jobToken(edge.env));
    steps.push([
      `its history on the branch ${castle.report.history}`,
      async () => {
        await keepHistory(await github(), castle.report.history, report, (lines) =>
          badgeFiles(castle, lines),
        );
      },
    ]);
  }
  if (castle.drill.issue && (branch || jobToken(edge.env) !== ''))
    steps.push(['its issue', async () => tellIssue(castle, report, edge, await folder.read())]);
  const troubles: string[] = [];
  for (const [what, step] of steps) {
    await step().catch((thrown: unknown) => {
      const trouble = `The drill is over, and this could not be written: ${what}. ${told(thrown)}`;
      edge.log.warn(trouble);
      troubles.push(trouble);
    });
  }
  return troubles;
}

/** The one issue of the castle's drills. A drill with a fault put in, or one that was cancelled, is nobody's trouble. */
export async function tellIssue(castle: Castle, report: Report, edge: Edge, lines: string): Promise<void> {
  const { drill, run: key } = report;
  if (drill === undefined || drill.verdict === 'cancelled' || drill.faults.length > 0) return;
  const github = await openGitHub(edge, jobToken(edge.env));
  const url = runUrl(edge.env);
  const earlier = readEntries(lines, castle.name, Date.now()).drills;
  const good = drill.verdict === 'good';
  const body = edge.redactor.redact(
    good ? goodText(report, drill, url) : failureText(report, drill, { url, earlier }),
  );
  await keepIssue(github, castle.name, { kind: good ? 'good' : 'failed', key, body });
}

/** The badge, as a picture and for shields.io. */
export function badgeFiles(
  castle: Castle,
  lines: string,
  now = Date.now(),
): { path: string; content: string }[] {
  const badge = badgeOf(trendOf(readEntries(lines, castle.name, now)), {
    everySeconds: castle.drill.everySeconds,
    now,
    shown: castle.milestones[0]?.name,
  });
  return [
    { path: 'badge.svg', content: badgeSvg(badge) },
    { path: 'badge.json', content: shieldsJson(badge) },
  ];
}

function told(thrown: unknown): string {
  return thrown instanceof PhoenixError ? `${thrown.what} ${thrown.why} ${thrown.next}` : messageOf(thrown);
}
