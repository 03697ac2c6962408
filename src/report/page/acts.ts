import type { Report } from '../schema.ts';

/** A stretch of a run, drawn by a clock of its own. */
export interface Act {
  /** The report with the spans and gaps of that stretch alone, in seconds from its begin. */
  readonly report: Report;
  /** Before this second the layers were destroyed, not raised; 0 where nothing was. */
  readonly raisedAt: number;
}

export interface Acts {
  /** From when the castle was gone to the end: all that the run is asked for. */
  readonly after: Act;
  readonly before: Act;
  /** The whole run in its parts, one behind the other, by the run's clock. */
  readonly parts: readonly Part[];
}

export interface Part {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/**
 * A run that destroyed a castle and raised it, in two: layers of one name stand in both lives, and one chart of the two
 * would show neither. Undefined for every other run, and where it came no further than the destroy.
 */
export function actsOf(report: Report): Acts | undefined {
  const { fromNothing, started, wallSeconds, layers } = report;
  if (fromNothing?.gone === undefined || fromNothing.reached === 'destroying') return undefined;
  const second = (moment: string) => (Date.parse(moment) - Date.parse(started)) / 1000;
  const gone = second(fromNothing.gone);
  // Gone by an earlier run: this one only raised it.
  if (!(gone > 0 && gone < wallSeconds)) return undefined;
  const begun = layers.flatMap((layer) => (layer.started === null ? [] : [second(layer.started)]));
  const raised = Math.min(wallSeconds, Math.max(gone, Math.min(wallSeconds, ...begun)));
  return {
    before: {
      report: {
        ...report,
        ...piece(report, 0, gone),
        milestones: [],
        layers: [],
        gates: [],
        criticalPath: [],
      },
      raisedAt: 0,
    },
    after: { report: { ...report, ...piece(report, gone, wallSeconds) }, raisedAt: raised - gone },
    parts: partsOf(report, raised),
  };
}

function piece({ spans, gaps }: Report, from: number, to: number) {
  const within = <T extends { readonly from: number; readonly to: number }>(all: readonly T[]): T[] =>
    all
      .filter((each) => each.to > from && each.from < to)
      .map((each) => ({ ...each, from: Math.max(each.from, from) - from, to: Math.min(each.to, to) - from }));
  const left = within(gaps);
  return {
    spans: within(spans),
    gaps: left,
    wallSeconds: to - from,
    unattributedSeconds: left.reduce((sum, gap) => sum + gap.to - gap.from, 0),
  };
}

function partsOf({ fromNothing, spans, wallSeconds }: Report, raised: number): Part[] {
  const destroying = Math.max(0, raised - (fromNothing?.destroySeconds ?? 0));
  const firstBirth = fromNothing?.firstBirthSeconds;
  const birth = Math.max(0, destroying - (firstBirth ?? 0));
  const reached = spans
    .filter(({ kind, from }) => kind === 'milestone' && from >= raised)
    .map(({ to }) => to);
  const back = reached.length === 0 ? wallSeconds : Math.min(wallSeconds, Math.max(...reached));
  return [
    { name: 'made ready', from: 0, to: birth },
    ...(firstBirth === undefined ? [] : [{ name: 'raised first', from: birth, to: destroying }]),
    { name: 'witness and destroy', from: destroying, to: raised },
    { name: 'raised again', from: raised, to: back },
    { name: 'looked at, cleaned up', from: back, to: wallSeconds },
  ].filter(({ from, to }) => to > from);
}
