import type { Span } from './ledger.ts';

/** Seconds of the run that no span explains. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  /** The innermost span around it, or `the run` where there is none. */
  readonly inside: string;
  /** What ended last before it and what began first after it; null at the run's edges. */
  readonly after: string | null;
  readonly before: string | null;
}

export interface Account {
  readonly wallSeconds: number;
  readonly attributedSeconds: number;
  readonly unattributedSeconds: number;
  /** Ordered by time; their lengths sum to `unattributedSeconds`. */
  readonly gaps: readonly Gap[];
}

interface Interval {
  readonly from: number;
  readonly to: number;
}

/**
 * Holds the spans against the wall clock. Only leaves count: a span with parts says where its parts belong, not what
 * its own time went into, so time between its parts is a gap that bears its name. Milestones are moments, not work: one
 * timed from the run's start would cover every gap.
 */
export function account(spans: readonly Span[], wallSeconds: number): Account {
  const work = spans.filter(({ kind }) => kind !== 'milestone');
  const parents = new Set(work.map(({ parent }) => parent));
  const clipped = work.map((span) => ({
    ...span,
    from: clamp(span.from, wallSeconds),
    to: clamp(span.to, wallSeconds),
  }));
  const leaves = clipped
    .filter(({ id }) => !parents.has(id))
    .map((leaf) => ({ ...leaf, name: qualified(leaf, work) }));
  const containers = clipped.filter(({ id }) => parents.has(id));
  const covered = union(leaves);
  const gaps = complement(covered, wallSeconds).flatMap((gap) => named(gap, leaves, containers));
  const unattributedSeconds = gaps.reduce((sum, { from, to }) => sum + to - from, 0);
  return { wallSeconds, attributedSeconds: wallSeconds - unattributedSeconds, unattributedSeconds, gaps };
}

/** `engine/init`: a step's name alone says too little beside its like in other layers. */
function qualified({ name, parent }: Span, spans: readonly Span[]): string {
  const whole = spans.find(({ id }) => id === parent);
  return whole === undefined ? name : `${whole.name}/${name}`;
}

/** Seconds covered by at least one of the intervals. */
export function unionSeconds(intervals: readonly Interval[]): number {
  return union(intervals).reduce((sum, { from, to }) => sum + to - from, 0);
}

function clamp(seconds: number, wallSeconds: number): number {
  return Math.min(Math.max(0, seconds), wallSeconds);
}

function union(intervals: readonly Interval[]): Interval[] {
  const merged: Interval[] = [];
  for (const { from, to } of intervals
    .filter((each) => each.to > each.from)
    .sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last === undefined || from > last.to) merged.push({ from, to });
    else if (to > last.to) merged[merged.length - 1] = { from: last.from, to };
  }
  return merged;
}

function complement(covered: readonly Interval[], wallSeconds: number): Interval[] {
  const edges = [0, ...covered.flatMap(({ from, to }) => [from, to]), wallSeconds];
  const gaps: Interval[] = [];
  for (let at = 0; at < edges.length; at += 2) {
    const [from = 0, to = 0] = [edges[at], edges[at + 1]];
    if (to > from) gaps.push({ from, to });
  }
  return gaps;
}

/** Cuts a gap where a container begins or ends, so that each piece lies in exactly one innermost container. */
function named(gap: Interval, leaves: readonly Span[], containers: readonly Span[]): Gap[] {
  const cuts = containers.flatMap(({ from, to }) => [from, to]).filter((at) => at > gap.from && at < gap.to);
  const edges = [...new Set([gap.from, ...cuts, gap.to])].sort((a, b) => a - b);
  const after = latest(leaves.filter(({ to }) => to <= gap.from));
  const before = earliest(leaves.filter(({ from }) => from >= gap.to));
  const pieces: Gap[] = [];
  for (const [index, to] of edges.entries()) {
    const from = edges[index - 1];
    if (from === undefined) continue;
    const around = containers.filter((each) => each.from <= from && each.to >= to);
    const inside = innermost(around)?.name ?? 'the run';
    const last = pieces.at(-1);
    if (last?.inside === inside) pieces[pieces.length - 1] = { ...last, to };
    else pieces.push({ from, to, inside, after, before });
  }
  return pieces;
}

function innermost(spans: readonly Span[]): Span | undefined {
  return spans.toSorted((a, b) => a.to - a.from - (b.to - b.from) || b.id - a.id)[0];
}

function latest(spans: readonly Span[]): string | null {
  return spans.toSorted((a, b) => b.to - a.to)[0]?.name ?? null;
}

function earliest(spans: readonly Span[]): string | null {
  return spans.toSorted((a, b) => a.from - b.from)[0]?.name ?? null;
}

/** A layer or a gate that ran, in seconds since the run's start. */
export interface PathNode {
  readonly name: string;
  /** Names of the layers and gates it waited for; those that are no nodes (never ran) are passed over. */
  readonly dependencies: readonly string[];
  readonly started: number;
  readonly ended: number;
}

export interface CriticalPath {
  readonly names: readonly string[];
  /** The sum of the path's own work: what a run with no overhead at all would have taken. */
  readonly seconds: number;
}

/** The chain that held up the end: back from what finished last, each time through the dependency that finished last. */
export function criticalPath(nodes: readonly PathNode[]): CriticalPath {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const path: PathNode[] = [];
  let at = lastEnded(nodes);
  while (at !== undefined) {
    byName.delete(at.name);
    path.unshift(at);
    at = lastEnded(at.dependencies.map((name) => byName.get(name)).filter((node) => node !== undefined));
  }
  return { names: path.map(({ name }) => name), seconds: unionSeconds(path.map(asInterval)) };
}

function asInterval({ started, ended }: PathNode): Interval {
  return { from: started, to: ended };
}

function lastEnded(nodes: readonly PathNode[]): PathNode | undefined {
  return nodes.reduce<PathNode | undefined>(
    (last, node) => (last === undefined || node.ended > last.ended ? node : last),
    undefined,
  );
}
