import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { PhoenixError } from '../errors.ts';
import { type RunRecord, whereItDied } from '../journal/record.ts';
import { parseJson } from '../json.ts';
import { stranded } from '../rebirth/stranded.ts';
import { leaksInReport, withheld, withLeaks } from '../report/audit.ts';
import { buildReport } from '../report/build.ts';
import { type Report, reportSchema } from '../report/schema.ts';
import { writeReport } from '../report/write.ts';
import { leakError } from '../vault/leak-error.ts';
import type { Redactor } from '../vault/redact.ts';
import { goOnWith } from './go-on.ts';
import type { Settled } from './run.ts';

/**
 * Writes into the run's report what the clean-up found; a run that was killed before it could write one gets one here,
 * made from its journal. Returns the report as it stands now.
 */
export async function settleReport(
  record: RunRecord,
  settled: Settled,
  cwd: string,
  redactor: Pick<Redactor, 'redact' | 'secrets'>,
): Promise<Report> {
  const redact = (text: string) => redactor.redact(text);
  const { secrets } = redactor;
  const { reportFile } = record.begin;
  const file = isAbsolute(reportFile) ? reportFile : join(cwd, reportFile);
  const settledReport = withAftermath(
    (await ownReport(file, record)) ?? fromJournal(record, redact),
    settled,
    redact,
  );
  const found = leaksInReport(settledReport, secrets);
  const report = found.length === 0 ? settledReport : withheld(withLeaks(settledReport, found), secrets);
  const unwritten = await writeReport(file, report);
  if (unwritten !== undefined) throw unwritten;
  return report;
}

/** The report of this very run; undefined where main was killed before it wrote one. */
async function ownReport(file: string, { begin }: RunRecord): Promise<Report | undefined> {
  const report = await readReport(file);
  return report?.run === begin.run ? report : undefined;
}

/** The report in `file`; undefined where there is none that can be read. */
export async function readReport(file: string): Promise<Report | undefined> {
  const parsed = reportSchema.safeParse(parseJson(await readFile(file, 'utf8').catch(() => '')));
  return parsed.success ? parsed.data : undefined;
}

function fromJournal(record: RunRecord, redact: (text: string) => string): Report {
  const { begin, cancelled, attempts, layers, phase, vault } = record;
  const error = cancelled === undefined ? died(record) : stopped(record, cancelled.signal);
  const wallSeconds = (Date.now() - begin.at) / 1000;
  return buildReport({
    run: begin.run,
    castle: begin.castle,
    mode: begin.mode,
    ...(begin.command === undefined ? {} : { command: begin.command }),
    ...(begin.leg === undefined ? {} : { leg: begin.leg }),
    verdict: cancelled === undefined ? 'failed' : 'cancelled',
    startedAt: new Date(begin.at),
    wallSeconds,
    // Where the time went died with the process that kept the books: all of it is told as unattributed.
    spans: [],
    layers: [...attempts.values()].map(({ layer, at }) => {
      const last = layers.get(layer);
      const verdict = last === undefined || last.verdict === 'handed-over' ? 'cancelled' : last.verdict;
      const ran = { from: at, to: last?.at ?? Date.now() };
      return { name: layer, dependencies: [], ran, verdict, retries: 0, phases: [] };
    }),
    ...fromNothingOf(record),
    gates: [],
    milestones: [],
    leaks: { checked: 0, found: [] },
    versions: {},
    failures: [{ name: phase ?? (vault === undefined ? 'opening' : 'run'), error }],
    standIns: [],
    peakRssBytes: 0,
    redact,
  });
}

/** How far a rebirth from nothing came; what it destroyed died with the process that kept the books. */
function fromNothingOf({ begin, passages }: RunRecord): {
  readonly fromNothing?: NonNullable<Report['fromNothing']>;
} {
  if (begin.fromNothing !== true) return {};
  const resumed = passages[0]?.phase === 'raising' ? ('raising' as const) : null;
  const raising = passages.find(({ phase }) => phase === 'raising');
  const reborn = passages.at(-1)?.phase === 'reborn';
  const destroyed = passages[0] === undefined || raising === undefined ? 0 : raising.at - passages[0].at;
  return {
    fromNothing: {
      resumed,
      ...(passages[0] === undefined ? {} : { gone: new Date(passages[0].at).toISOString() }),
      reached: reborn ? 'reborn' : raising === undefined ? 'destroying' : 'raising',
      destroySeconds: Math.max(0, destroyed) / 1000,
      destroyed: [],
    },
  };
}

/** What must be known above all of a castle that was being destroyed, or was destroyed and not rebuilt; empty for none. */
function strandedBy({ begin, passages }: RunRecord): string {
  const last = passages.at(-1);
  if (begin.fromNothing !== true || last === undefined || last.phase === 'reborn') return '';
  return ` ${stranded(begin.castle, { witness: last.witness, half: last.phase === 'destroying' })}`;
}

function withAftermath(report: Report, settled: Settled, redact: (text: string) => string): Report {
  const byName = new Map(settled.layers.map((layer) => [layer.name, layer]));
  const leaks = settled.leaks;
  const leaked = leaks !== undefined && leaks.found.length > 0;
  return {
    ...report,
    verdict: leaked ? 'failed' : report.verdict,
    error: leaked ? redactedError(leakError(leaks.found), redact) : report.error,
    failures: leaked
      ? [{ name: 'leaks', ...redactedError(leakError(leaks.found), redact), tail: [] }, ...report.failures]
      : report.failures,
    layers: report.layers.map((layer) => {
      const now = byName.get(layer.name);
      if (now === undefined) return layer;
      const verdict = now.verdict === 'handed-over' ? 'cancelled' : now.verdict;
      const open = ['failed', 'cancelled', 'handed-over'].includes(now.verdict);
      const fromNothing = report.fromNothing === undefined ? undefined : report.castle;
      const again = open ? [goOnWith(layer.name, report.command, fromNothing)] : [];
      return { ...layer, verdict, note: redact([...now.words, ...again].join(' ')) };
    }),
    leaks:
      leaks === undefined
        ? report.leaks
        : {
            checked: report.leaks.checked + leaks.checked,
            found: [...report.leaks.found, ...leaks.found],
          },
    aftermath: {
      by: 'post',
      handedOn: [...settled.handedOn],
      troubles: settled.troubles.map(redact),
    },
  };
}

function redactedError({ code, what, why, next }: PhoenixError, redact: (text: string) => string) {
  return { code, what: redact(what), why: redact(why), next: redact(next) };
}

function stopped(record: RunRecord, signal: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-CANCELLED',
    class: 'cancelled',
    what: 'The run was cancelled.',
    why: `${signal}${strandedBy(record)}`,
    next: `Run it again: ${found(record)}.`,
  });
}

function found({ begin }: RunRecord): string {
  if (begin.fromNothing === true) return 'the same command goes on from where it was';
  return begin.command === 'destroy'
    ? 'layers that are gone are found absent, and it goes on with what still stands'
    : 'layers that are done are found unchanged, and the rest goes on from there';
}

function died(record: RunRecord): PhoenixError {
  return new PhoenixError({
    code: 'PHX-RUN-DIED',
    class: 'internal',
    what: `Phoenix was killed ${whereItDied(record)}.`,
    why: `It ended without a word: somebody killed it, or the machine ran out of memory (see dmesg).${strandedBy(record)}`,
    next: `See why, then run it again: ${found(record)}.`,
  });
}
