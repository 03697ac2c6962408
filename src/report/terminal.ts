import { drillRows } from '../drill/words.ts';
import { tailLines } from '../errors.ts';
import { insightRows } from '../insight/words.ts';
import { type Lane, lanesOf } from './lanes.ts';
import { logLine, printable } from './printable.ts';
import type { Report } from './schema.ts';
import {
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
  percent,
  probeRows,
  shownFailures,
  unattributedText,
  verdictText,
  witnessText,
} from './words.ts';

export interface TerminalOptions {
  readonly color: boolean;
  /** Columns; the timeline and the tables keep within it (40 at least). */
  readonly width: number;
}

const sgr = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
type Paint = (tone: keyof typeof sgr, text: string) => string;

const mostLanes = 40;
const widestName = 24;

/** The report for people at a terminal; the verdict is the last line. */
export function renderTerminal(report: Report, options: TerminalOptions): string {
  const paint: Paint = (tone, text) => (options.color ? `\u001b[${sgr[tone]}m${text}\u001b[0m` : text);
  const blocks = [
    timeline(report, Math.max(40, options.width), paint),
    layerTable(report, paint),
    facts(report, paint),
    standIns(report, paint),
    failures(report, paint),
    [
      paint(
        report.verdict === 'failed' || report.verdict === 'cancelled' ? 'red' : 'green',
        plain(verdictText(report)),
      ),
    ],
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function timeline(report: Report, width: number, paint: Paint): string[] {
  const lanes = lanesOf(report, mostLanes);
  const names = Math.min(widestName, Math.max(0, ...lanes.map(({ name }) => [...plain(name)].length)));
  const cells = width - names - 2 - timeColumn;
  return lanes.map((lane) => {
    const tone = lane.spans.some(({ verdict }) => verdict === 'failed')
      ? 'red'
      : lane.critical
        ? 'yellow'
        : 'cyan';
    const bar = paint(tone, barOf(lane, report.wallSeconds, cells));
    return `${padded(plain(lane.name), names)} ${bar} ${timeOf(lane).padStart(timeColumn)}`;
  });
}

const timeColumn = 10;

function timeOf({ kind, spans }: Lane): string {
  if (kind === 'milestone') return `at ${duration(Math.max(...spans.map(({ to }) => to)))}`;
  return duration(spans.reduce((sum, { from, to }) => sum + to - from, 0));
}

/** Full blocks lie on the critical path, shaded ones do not; a cross ends what failed, a diamond is a milestone. */
function barOf(lane: Lane, wallSeconds: number, cells: number): string {
  const row = Array.from({ length: cells }, () => ' ');
  const cellAt = (seconds: number) => Math.min(cells - 1, Math.floor((seconds / (wallSeconds || 1)) * cells));
  for (const { from, to, verdict } of lane.spans) {
    const last = Math.max(cellAt(from), cellAt(to));
    if (lane.kind !== 'milestone') row.fill(lane.critical ? '█' : '▒', cellAt(from), last + 1);
    if (lane.kind === 'milestone') row[last] = '◆';
    if (verdict === 'failed') row[last] = '✗';
  }
  return row.join('');
}

function layerTable(report: Report, paint: Paint): string[] {
  const rows = layerRows(report).map(({ layer, time, status }) => [plain(layer), time, status] as const);
  if (rows.length === 0) return [];
  const head = ['Layer', 'Time', 'Status'] as const;
  const column = (at: 0 | 1) =>
    Math.max(...[head, ...rows].map((row) => Math.min(widestName, [...row[at]].length)));
  const [names, times] = [column(0), column(1)];
  const line = (row: readonly [string, string, string]) =>
    `${padded(row[0], names)}  ${row[1].padStart(times)}  ${row[2]}`;
  return [
    paint('bold', line(head)),
    ...rows.map((row) => (row[2].startsWith('FAILED') ? paint('red', line(row)) : line(row))),
    paint('bold', line(['Total', duration(report.wallSeconds), ''])).trimEnd(),
  ];
}

interface Fact {
  readonly name: string;
  readonly text: string;
  readonly tone?: keyof typeof sgr | undefined;
}

function facts(report: Report, paint: Paint): string[] {
  const red = (bad: boolean): Fact['tone'] => (bad ? 'red' : undefined);
  const path = criticalPathText(report);
  const warning = gapWarning(report);
  const facts: Fact[] = [
    ...report.milestones.map((each) => ({
      name: `Milestone ${each.name}`,
      text: milestoneText(each),
      tone: red(!each.met),
    })),
    ...probeRows(report).map(({ name, text, bad }) => ({
      name: `Probe ${name}`,
      text,
      tone: red(bad),
    })),
    ...report.gates.map((each) => ({
      name: `Gate ${each.name}`,
      text: gateText(each),
      tone: red(each.verdict === 'failed'),
    })),
    ...machineRows(report).map(({ machine, node, status }) => ({
      name: `VM ${machine}`,
      text: `${status} (node ${node})`,
      tone: red(status.startsWith('FAILED')),
    })),
    ...(path === undefined ? [] : [{ name: 'Critical path', text: path }]),
    ...insightRows(report).map(({ name, text, bad = false }) => ({ name, text, tone: red(bad) })),
    { name: 'Time went into', text: timeWentInto(report) },
    { name: 'Unattributed', text: unattributedText(report) },
    ...destroyFacts(report),
    ...drillRows(report.drill).map(({ name, text, bad = false }) => ({ name, text, tone: red(bad) })),
    { name: 'Leaks', text: leaksText(report), tone: red(report.leaks.found.length > 0) },
    ...report.leaks.found.map(({ secret, encoding, place }) => ({
      name: '',
      text: `${secret} (${encoding}) in ${place}`,
      tone: red(true),
    })),
    ...(warning === undefined ? [] : [{ name: 'Warning', text: warning, tone: 'yellow' as const }]),
  ];
  const names = Math.min(widestName, Math.max(...facts.map(({ name }) => [...plain(name)].length)));
  return facts.map(({ name, text, tone }) => {
    const line = `${padded(plain(name), names)}  ${plain(text)}`;
    return tone === undefined ? line : paint(tone, line);
  });
}

function destroyFacts(report: Report): Fact[] {
  const witness = witnessText(report);
  const nothing = fromNothingText(report);
  const database = databaseText(report);
  const broken = report.database?.rungs.some(({ is }) => is === 'failed') ?? false;
  const proved = report.witness?.is === 'archived' || report.witness?.is === 'earlier';
  return [
    ...(nothing === undefined ? [] : [{ name: 'From nothing', text: nothing }]),
    ...(witness === undefined
      ? []
      : [{ name: 'Witness', text: witness, tone: proved ? undefined : ('red' as const) }]),
    ...(database === undefined
      ? []
      : [{ name: 'Database', text: database, tone: broken ? ('red' as const) : undefined }]),
    ...leftoverTexts(report).map(({ is, text }) => ({
      name: is === 'left' ? 'Left outside' : 'Not known',
      text,
      tone: 'yellow' as const,
    })),
  ];
}

function timeWentInto({ phases, wallSeconds }: Report): string {
  const parts = Object.entries(phases).toSorted(([, a], [, b]) => b - a);
  const each = parts.map(
    ([name, seconds]) => `${name} ${duration(seconds)} (${percent(seconds / (wallSeconds || 1))})`,
  );
  return each.join(', ') || 'nothing';
}

function standIns({ standIns }: Report, paint: Paint): string[] {
  if (standIns.length === 0) return [];
  const each = standIns.map(({ name, standsFor }) => `  ${plain(name)} stands for ${plain(standsFor)}`);
  return [paint('dim', 'Stand-ins in this run (everything else was real):'), ...each];
}

function failures(report: Report, paint: Paint): string[] {
  return shownFailures(report).flatMap(({ name, code, what, why, next, tail }) => [
    paint('red', `${plain(code)} [${plain(name)}]: ${plain(what)}`),
    `  why:  ${indented(why)}`,
    `  next: ${indented(next)}`,
    ...tailLines(tail).map((line) => paint('dim', line)),
  ]);
}

/** Cause texts may span lines; each stays behind a mark, so that none can pass for a line of Phoenix's own. */
function indented(text: string): string {
  return printable(text).trim().split('\n').map(plain).join('\n      | ');
}

/** One line that the runner obeys nothing of, without runs of blanks. */
function plain(text: string): string {
  return logLine(text).replaceAll(/ +/g, ' ');
}

function padded(text: string, columns: number): string {
  const characters = [...text];
  return characters.length > columns
    ? `${characters.slice(0, columns - 1).join('')}…`
    : text.padEnd(columns + text.length - characters.length);
}
