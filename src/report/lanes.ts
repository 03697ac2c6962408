import type { Report } from './schema.ts';

type Span = Report['spans'][number];

/** What one row of a timeline shows: the spans of one name, and whether they held up the end. */
export interface Lane {
  readonly name: string;
  readonly kind: Span['kind'];
  readonly critical: boolean;
  readonly spans: readonly Span[];
}

const alwaysShown: ReadonlySet<Span['kind']> = new Set(['layer', 'gate', 'milestone']);

/**
 * The rows of the timeline by start: layers, gates and milestones wherever they stand, and the run's outermost parts.
 * Past `limit` rows only the longest are kept, as a short one cannot be seen beside them.
 */
export function lanesOf(report: Report, limit: number): Lane[] {
  const shown = report.spans.filter(({ kind, parent }) => parent === null || alwaysShown.has(kind));
  const lanes = [...Map.groupBy(shown, ({ kind, name }) => `${kind}\0${name}`).values()].flatMap((spans) => {
    const first = spans[0];
    if (first === undefined) return [];
    const onPath =
      (first.kind === 'layer' || first.kind === 'gate') && report.criticalPath.includes(first.name);
    return [{ name: first.name, kind: first.kind, critical: onPath, spans }];
  });
  const kept = lanes.toSorted((a, b) => length(b) - length(a)).slice(0, limit);
  return kept.sort((a, b) => start(a) - start(b));
}

function length({ spans, kind }: Lane): number {
  return kind === 'milestone'
    ? Number.POSITIVE_INFINITY
    : spans.reduce((sum, { from, to }) => sum + to - from, 0);
}

function start({ spans }: Lane): number {
  return Math.min(...spans.map(({ from }) => from));
}
