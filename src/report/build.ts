import type { Affected } from '../affected/affected.ts';
import { type PhoenixError, whatAndWhere } from '../errors.ts';
import { insightOf } from '../insight/insight.ts';
import { slowestOf, type TimedResource } from '../layer/slowest.ts';
import { account, criticalPath, type PathNode, unionSeconds } from './account.ts';
import type { Span, SpanKind } from './ledger.ts';
import type { GateVerdict, LayerVerdict, Report } from './schema.ts';

/** When something ran, in epoch milliseconds of the ledger's clock; undefined where it never did. */
export interface Ran {
  readonly from: number;
  readonly to: number;
}

export interface LayerResult {
  readonly name: string;
  /** Names of the layers and gates it waited for. */
  readonly dependencies: readonly string[];
  readonly ran: Ran | undefined;
  readonly verdict: LayerVerdict;
  readonly retries: number;
  /** Epoch milliseconds; phases of one name (a retry's) are summed. */
  readonly phases: readonly { readonly name: string; readonly from: number; readonly to: number }[];
  /** What took longest in it, as the engine's events tell. */
  readonly slowest?: readonly TimedResource[];
  readonly note?: string;
}

export interface GateResult {
  readonly name: string;
  /** The layer it stands behind. */
  readonly after: string;
  readonly ran: Ran | undefined;
  readonly verdict: GateVerdict;
}

export interface MilestoneResult {
  readonly name: string;
  /** Seconds since the tools were ready; undefined where it was not reached. */
  readonly seconds: number | undefined;
  readonly targetSeconds: number | undefined;
}

export interface ReportInput {
  readonly run: string;
  readonly castle: string;
  readonly mode: Report['mode'];
  readonly command?: Report['command'];
  readonly leg?: string | undefined;
  readonly verdict: Report['verdict'];
  readonly startedAt: Date;
  readonly wallSeconds: number;
  readonly spans: readonly Span[];
  readonly layers: readonly LayerResult[];
  readonly gates: readonly GateResult[];
  readonly milestones: readonly MilestoneResult[];
  readonly probes?: readonly NonNullable<Report['probes']>[number][];
  readonly machines?: Report['machines'];
  readonly leaks: { readonly checked: number; readonly found: readonly Report['leaks']['found'][number][] };
  readonly identity?: NonNullable<Report['identity']>;
  readonly affected?: Affected;
  readonly witness?: NonNullable<Report['witness']>;
  readonly database?: NonNullable<Report['database']>;
  readonly leftovers?: NonNullable<Report['leftovers']>;
  readonly fromNothing?: NonNullable<Report['fromNothing']>;
  readonly versions: Readonly<Record<string, string>>;
  /** Every error of the run with the layer, gate or part it belongs to; the first one decided the verdict. */
  readonly failures: readonly { readonly name: string; readonly error: PhoenixError }[];
  readonly standIns: Report['standIns'];
  readonly peakRssBytes: number;
  /** The share of the wall clock that may stay unexplained; 0.02 where left out. */
  readonly unattributedLimit?: number;
  /** Causes may hold what a provider printed: every text of the report passes here. */
  readonly redact: (text: string) => string;
}

const kindGroups: Readonly<Record<Exclude<SpanKind, 'phase' | 'step' | 'milestone'>, string>> = {
  layer: 'layers',
  gate: 'gates',
  tool: 'tools',
  job: 'jobs',
  queue: 'queue',
};

/** The report of a run. Seconds are rounded to milliseconds. Never throws on what a run can bring. */
export function buildReport(input: ReportInput): Report {
  const { startedAt, wallSeconds, redact } = input;
  const ledger = account(input.spans, wallSeconds);
  const path = criticalPath(pathNodes(input));
  const failures = input.failures.map(({ name, error }) => ({
    name,
    ...explained(error),
    tail: [...error.tail],
  }));
  const slowest = slowestOf(
    input.layers.map(({ name, slowest: own = [] }) => own.map((each) => ({ layer: name, ...each }))),
  ).map((each) => ({ ...each, seconds: round(each.seconds) }));
  const books: Report = {
    schema: 'phoenix.report/v1',
    run: input.run,
    castle: input.castle,
    mode: input.mode,
    ...(input.command === undefined ? {} : { command: input.command }),
    ...(input.leg === undefined ? {} : { leg: input.leg }),
    verdict: input.verdict,
    started: startedAt.toISOString(),
    ended: new Date(startedAt.getTime() + wallSeconds * 1000).toISOString(),
    wallSeconds: round(wallSeconds),
    unattributedSeconds: round(ledger.unattributedSeconds),
    unattributedLimit: input.unattributedLimit ?? 0.02,
    criticalPath: [...path.names],
    criticalPathSeconds: round(path.seconds),
    layers: input.layers.map((layer) => ({
      name: layer.name,
      ...times(layer.ran),
      verdict: layer.verdict,
      retries: layer.retries,
      phases: sumByName(layer.phases),
      dependencies: [...layer.dependencies],
      ...(layer.note === undefined ? {} : { note: layer.note }),
    })),
    gates: input.gates.map(({ name, after, ran, verdict }) => ({ name, after, ...times(ran), verdict })),
    milestones: input.milestones.map(({ name, seconds, targetSeconds }) => ({
      name,
      seconds: seconds === undefined ? null : round(seconds),
      targetSeconds: targetSeconds ?? null,
      met: seconds !== undefined && (targetSeconds === undefined || seconds <= targetSeconds),
    })),
    ...(input.probes === undefined || input.probes.length === 0
      ? {}
      : { probes: input.probes.map((each) => ({ ...each, seconds: round(each.seconds) })) }),
    ...(input.machines === undefined ? {} : { machines: input.machines.map((each) => ({ ...each })) }),
    leaks: { checked: input.leaks.checked, found: [...input.leaks.found] },
    ...(input.identity === undefined ? {} : { identity: { ...input.identity } }),
    ...(input.affected === undefined ? {} : { affected: affectedOf(input.affected) }),
    ...(input.witness === undefined ? {} : { witness: input.witness }),
    ...(input.database === undefined ? {} : { database: input.database }),
    ...(input.leftovers === undefined ? {} : { leftovers: input.leftovers }),
    ...(input.fromNothing === undefined ? {} : { fromNothing: fromNothingOf(input.fromNothing) }),
    versions: { ...input.versions },
    error: input.failures[0] === undefined ? null : explained(input.failures[0].error),
    failures,
    phases: parts(input.spans),
    ...(slowest.length === 0 ? {} : { slowest }),
    spans: input.spans.map((span) => ({ ...span, from: round(span.from), to: round(span.to) })),
    gaps: ledger.gaps
      .map((gap) => ({ ...gap, from: round(gap.from), to: round(gap.to) }))
      .filter(({ from, to }) => to > from),
    standIns: [...input.standIns],
    resources: { peakRssBytes: Math.round(input.peakRssBytes) },
  };
  return redacted({ ...books, ...insightOf(books) }, redact);
}

function fromNothingOf(from: NonNullable<Report['fromNothing']>): typeof from {
  return {
    ...from,
    ...(from.firstBirthSeconds === undefined ? {} : { firstBirthSeconds: round(from.firstBirthSeconds) }),
    destroySeconds: round(from.destroySeconds),
    destroyed: from.destroyed.map((each) => ({ ...each, seconds: round(each.seconds) })),
  };
}

function affectedOf({ layers, removed, ...rest }: Affected): NonNullable<Report['affected']> {
  return {
    ...rest,
    layers: layers.map(({ name, because }) => ({
      name,
      because: typeof because === 'string' ? because : [...because],
    })),
    removed: [...removed],
  };
}

function pathNodes({ layers, gates, startedAt }: ReportInput): PathNode[] {
  const origin = startedAt.getTime();
  const nodes = [
    ...layers.map(({ name, dependencies, ran }) => ({ name, dependencies, ran })),
    ...gates.map(({ name, after, ran }) => ({ name, dependencies: [after], ran })),
  ];
  return nodes.flatMap(({ name, dependencies, ran }) =>
    ran === undefined
      ? []
      : [{ name, dependencies, started: (ran.from - origin) / 1000, ended: (ran.to - origin) / 1000 }],
  );
}

function times(ran: Ran | undefined): Pick<Report['gates'][number], 'started' | 'ended' | 'seconds'> {
  if (ran === undefined) return { started: null, ended: null, seconds: 0 };
  return {
    started: new Date(ran.from).toISOString(),
    ended: new Date(ran.to).toISOString(),
    seconds: round(Math.max(0, ran.to - ran.from) / 1000),
  };
}

function sumByName(phases: LayerResult['phases']): Record<string, number> {
  const sums = new Map<string, number>();
  for (const { name, from, to } of phases)
    sums.set(name, (sums.get(name) ?? 0) + Math.max(0, to - from) / 1000);
  return Object.fromEntries([...sums].map(([name, sum]) => [name, round(sum)]));
}

/** Seconds of the run's own parts: its outermost spans, with layers, gates and tools as one part each. */
export function parts(spans: readonly Span[]): Record<string, number> {
  const outermost = spans.filter(({ parent, kind }) => parent === null && kind !== 'milestone');
  const groups = Map.groupBy(outermost, partOf);
  return Object.fromEntries([...groups].map(([name, group]) => [name, round(unionSeconds(group))]));
}

function partOf({ kind, name }: Span): string {
  return kind === 'phase' || kind === 'step' || kind === 'milestone' ? name : kindGroups[kind];
}

function explained(error: PhoenixError): NonNullable<Report['error']> {
  const { code, why, next } = error;
  return { code, what: whatAndWhere(error), why, next };
}

export function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

/** Fields whose values are Phoenix's own words or times; a secret that equals one must not break the schema. */
const own = new Set([
  'schema',
  'mode',
  'command',
  'verdict',
  'kind',
  'code',
  'started',
  'ended',
  'encoding',
  'way',
  'expires',
  'is',
  'at',
  'resumed',
  'reached',
  'gone',
]);

function redacted<T>(value: T, redact: (text: string) => string): T;
function redacted(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((each) => redacted(each, redact));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, own.has(key) ? each : redacted(each, redact)]),
  );
}
