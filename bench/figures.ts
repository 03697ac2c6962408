import { cpus, loadavg, release, totalmem } from 'node:os';
import type { ForecastError } from './forecast.ts';
import type { Timed } from './timed.ts';
import type { Way, WayName } from './ways.ts';

export interface Row {
  readonly name: WayName;
  readonly medianSeconds: number;
  readonly minSeconds: number;
  readonly maxSeconds: number;
  readonly runs: number;
  /** Of Phoenix' own ways: the median share of a run that no span of its report tells of. */
  readonly unattributedPercent?: number;
}

/** What only Phoenix's own runs tell. */
export interface PhoenixFigures {
  /** Median over the runs of: (wall clock − critical path of the layers' own work) / that path. */
  readonly overheadPercent: number;
  readonly criticalPathSeconds: number;
  readonly peakRssBytes: number;
  readonly forecast?: ForecastError;
}

export interface Figures {
  readonly machine: string;
  readonly tree: string;
  /** `cold`: no `.terraform`, no cache, a provider to install from a mirror. */
  readonly caches: 'cold' | 'warm';
  readonly from: 'nothing' | 'no change';
  readonly rows: readonly Row[];
  /** Ways that could not be measured, and why. */
  readonly missing: Readonly<Partial<Record<WayName, string>>>;
  readonly phoenix?: PhoenixFigures;
}

export function machine(): string {
  const models = cpus();
  const memory = `${(totalmem() / 1024 ** 3).toFixed(1)} GiB`;
  const load = `load ${loadavg()[0]?.toFixed(1) ?? '?'} at start`;
  const system = `${process.platform} ${release()} ${process.arch}`;
  return [
    `${models.length} × ${models[0]?.model ?? 'unknown'}`,
    memory,
    system,
    `Node ${process.version}`,
    load,
  ].join(', ');
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  if (low === undefined || high === undefined) throw new Error('no values, so no median');
  return (low + high) / 2;
}

export function rowOf(name: WayName, runs: readonly Timed[]): Row {
  const seconds = runs.map((run) => run.seconds);
  const unattributed = runs.flatMap(({ report }) =>
    report === undefined ? [] : report.unattributedSeconds / report.wallSeconds,
  );
  return {
    name,
    medianSeconds: thousandths(median(seconds)),
    minSeconds: thousandths(Math.min(...seconds)),
    maxSeconds: thousandths(Math.max(...seconds)),
    runs: runs.length,
    ...(unattributed.length === 0 ? {} : { unattributedPercent: thousandths(median(unattributed) * 100) }),
  };
}

function thousandths(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

export function table(
  { machine: where, tree, caches, from, rows, missing, phoenix }: Figures,
  ways: readonly Way[],
): string {
  const limit = rows.find(({ name }) => name === 'limit')?.medianSeconds;
  const lines = ways.flatMap(({ name, says }) => {
    const row = rows.find((each) => each.name === name);
    const why = missing[name];
    if (row === undefined) return why === undefined ? [] : [`| ${name} | ${why} | | | | | ${says} |`];
    const over = limit === undefined ? '' : `${((row.medianSeconds / limit - 1) * 100).toFixed(1)} %`;
    const [mid, low, high] = [row.medianSeconds, row.minSeconds, row.maxSeconds].map((each) =>
      each.toFixed(2),
    );
    const untold = row.unattributedPercent === undefined ? '' : `${row.unattributedPercent.toFixed(1)} %`;
    return [`| ${name} | ${mid} | ${low}–${high} | ${row.runs} | ${over} | ${untold} | ${says} |`];
  });
  const facts =
    phoenix === undefined
      ? []
      : [
          '',
          `Phoenix: ${phoenix.overheadPercent.toFixed(1)} % over the critical path of the layers' own work ` +
            `(${phoenix.criticalPathSeconds.toFixed(2)} s), at most ${(phoenix.peakRssBytes / 1e6).toFixed(0)} MB ` +
            `resident.${forecastText(phoenix.forecast)}`,
        ];
  return [
    `Tree ${tree}, ${from === 'nothing' ? 'from nothing' : 'no change'}, ${caches}, on ${where}`,
    '',
    '| Way | Median s | Spread s | Runs | Over the limit | Unattributed | What it is |',
    '|---|---|---|---|---|---|---|',
    ...lines,
    ...facts,
  ].join('\n');
}

function forecastText(forecast: ForecastError | undefined): string {
  if (forecast === undefined) return '';
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const { runs, medianShare, worstShare } = forecast;
  return (
    ` The layers of ${runs} runs, each forecast from those before it: off by ${percent(medianShare)} in the median, ` +
    `${percent(worstShare)} at worst.`
  );
}
