import { drillRows } from '../drill/words.ts';
import { insightRows } from '../insight/words.ts';
import { renderGantt } from './gantt.ts';
import { createPage, literal, type Page, preformatted } from './markdown.ts';
import type { Report } from './schema.ts';
import {
  affectedText,
  criticalPathText,
  databaseText,
  duration,
  fromNothingText,
  gapWarning,
  gateText,
  layerRows,
  leaksText,
  leftoverTexts,
  machineRows,
  milestoneText,
  probeRows,
  shownFailures,
  unattributedText,
  verdictText,
  witnessText,
} from './words.ts';

export interface SummaryOptions {
  /** Bytes. GitHub drops the whole summary of a step past 1 MiB; some is left for what others write there. */
  readonly limitBytes?: number;
  /** The name of the file that holds the whole report, for the notice of a shortened summary. */
  readonly reportFile?: string;
}

const defaultLimit = 1024 * 1024 - 32 * 1024;
const longestCause = 8_000;

/** The report as a GitHub job summary. Text from outside is literal: no layer or cause can add markup or a row. */
export function renderSummary(report: Report, options: SummaryOptions = {}): string {
  const page = createPage(options.limitBytes ?? defaultLimit);
  const marks: Partial<Record<Report['verdict'], string>> = { failed: '❌', cancelled: '⚪' };
  const mark = marks[report.verdict] ?? '✅';
  page.add(`## ${mark} ${literal(verdictText(report))}`);
  const affected = affectedText(report.affected);
  if (affected !== undefined) page.add(literal(affected));
  const warning = gapWarning(report);
  if (warning !== undefined) page.add(`> ⚠️ ${literal(warning)}`);
  if (report.standIns.length > 0) page.add(standInsText(report));
  for (const failure of shownFailures(report)) {
    page.add(failureText(failure));
    if (failure.tail.length > 0) page.add(tailText(failure));
  }
  const drilled = drillRows(report.drill).map(({ name, text, bad = false }) => [
    literal(name),
    bad ? `**${literal(text)}**` : literal(text),
  ]);
  page.table(['Drill', 'Result'], drilled);
  layers(page, report);
  checks(page, report);
  const gantt = renderGantt(report);
  if (gantt !== undefined) page.add(`\`\`\`mermaid\n${gantt}\n\`\`\``);
  whereTheTimeWent(page, report);
  const versions = Object.entries(report.versions).map(
    ([tool, version]) => `${literal(tool)} ${literal(version)}`,
  );
  if (versions.length > 0) page.add(`Versions: ${versions.join(', ')}`);
  const file = literal(options.reportFile ?? 'phoenix-report.json');
  return page.text(
    (leftOut) => `**Shortened**: ${leftOut} parts are past GitHub's limit. All of it is in ${file}.`,
  );
}

function standInsText({ standIns }: Report): string {
  const each = standIns.map(({ name, standsFor }) => `${literal(name)} stands for ${literal(standsFor)}`);
  return `A rehearsal with stand-ins: ${each.join('; ')}. Everything else was real.`;
}

function failureText({ name, code, what, why, next }: Report['failures'][number]): string {
  const cause = why.length > longestCause ? `${why.slice(0, longestCause)}\n… (shortened)` : why;
  return [
    `### ${literal(code)} in ${literal(name)}`,
    literal(what),
    preformatted(cause),
    `**Next:** ${literal(next)}`,
  ].join('\n\n');
}

/** Closed, and a block of its own: where the page is full, the cause stays and the lines are left out. */
function tailText({ name, tail }: Report['failures'][number]): string {
  const lines = tail.length === 1 ? 'The last line' : `The last ${tail.length} lines`;
  return `<details><summary>${lines} of ${literal(name)}</summary>\n\n${preformatted(tail.join('\n'))}\n\n</details>`;
}

function layers(page: Page, report: Report): void {
  const rows = layerRows(report).map(({ layer, time, status }) => [literal(layer), time, statusText(status)]);
  page.table(['Layer', 'Time', 'Status'], rows);
  page.add(`**Total: ${duration(report.wallSeconds)}**`);
  const machines = machineRows(report).map(({ machine, node, status }) => [
    literal(machine),
    literal(node),
    status.startsWith('FAILED') ? `**FAILED**${literal(status.slice('FAILED'.length))}` : literal(status),
  ]);
  if (machines.length > 0) page.table(['VM', 'Node', 'Status'], machines);
}

function statusText(status: string): string {
  return status.startsWith('FAILED') ? `**${status}**` : status;
}

function checks(page: Page, report: Report): void {
  const rows = [
    ...report.milestones.map((each) => [`Milestone ${literal(each.name)}`, literal(milestoneText(each))]),
    ...probeRows(report).map(({ name, text }) => [`Probe ${literal(name)}`, literal(text)]),
    ...report.gates.map((each) => [`Gate ${literal(each.name)}`, literal(gateText(each))]),
    ...destroyChecks(report),
    ['Leaks', literal(leaksText(report))],
    ...report.leaks.found.map(({ secret, encoding, place }) => [
      '',
      literal(`${secret} (${encoding}) in ${place}`),
    ]),
  ];
  page.table(['Check', 'Result'], rows);
}

function destroyChecks(report: Report): string[][] {
  const database = databaseText(report);
  const witness = witnessText(report);
  const nothing = fromNothingText(report);
  return [
    ...(nothing === undefined ? [] : [['From nothing', literal(nothing)]]),
    ...(witness === undefined ? [] : [['Witness', literal(witness)]]),
    ...(database === undefined ? [] : [['Database', literal(database)]]),
    ...leftoverTexts(report).map(({ is, text }) => [
      is === 'left' ? '⚠️ Left outside' : '⚠️ Not known',
      literal(text),
    ]),
  ];
}

function whereTheTimeWent(page: Page, report: Report): void {
  const rows = Object.entries(report.phases)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, seconds]) => [literal(name), duration(seconds)]);
  page.table(
    ['Where the time went', 'Seconds'],
    [...rows, ['Unattributed', literal(unattributedText(report))]],
  );
  const path = criticalPathText(report);
  if (path !== undefined) page.add(`**Critical path:** ${literal(path)}`);
  page.table(
    ['What the ledger tells', ''],
    insightRows(report).map(({ name, text, bad = false }) => [
      literal(name),
      bad ? `**${literal(text)}**` : literal(text),
    ]),
  );
}
