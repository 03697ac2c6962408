import type { Report } from '../../src/report/schema.ts';
import { median } from '../figures.ts';
import { type Order, orders } from './plot.ts';

/** One rebirth, in seconds from the first deletion on, as the RTO counts. */
export interface Rebirth {
  readonly order: Order;
  readonly round: number;
  /** When the first layer began, behind the destroy. */
  readonly begun: number;
  /** When the last layer ended. */
  readonly layers: number;
  /** The restore, by the cluster's clock, which tells whole seconds: up to one second later than told. */
  readonly restoreBegan: number;
  readonly restoreEnded: number;
  readonly blog: number;
  readonly stack: number;
  /** The machine's load average of a minute before the drill began: what else it had to do. */
  readonly load: number;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export const moments = ['begun', 'layers', 'restoreBegan', 'restoreEnded', 'blog', 'stack'] as const;

export interface OrderFigures extends Readonly<Record<(typeof moments)[number], Spread>> {
  readonly name: Order;
  readonly runs: number;
  /** In how many of the runs the blog answered before the restore had ended. */
  readonly blogBeforeRestore: number;
}

export interface Comparison {
  readonly machine: string;
  /** Rows of the database that is restored; null where the castle's own count was left. */
  readonly databaseRows: number | null;
  readonly orders: readonly OrderFigures[];
  readonly rebirths: readonly Rebirth[];
}

/**
 * What the report of a drill says of its rebirth.
 * @throws Error where the drill is not good, says too little, or had not the order that it should have had
 */
export function rebirthOf(
  { order, round, load }: Pick<Rebirth, 'order' | 'round' | 'load'>,
  report: Report,
): Rebirth {
  const { drill, database, layers } = report;
  if (drill?.verdict !== 'good' || drill.gone === null)
    throw new Error(`the drill of ${order} is not good: ${drill?.why.join(' ') ?? 'it says nothing'}`);
  const { gone, rto } = drill;
  const { restore } = database ?? {};
  if (restore == null) throw new Error(`the report of ${order} does not tell when its restore ran`);
  const since = (moment: string) => thousandths((Date.parse(moment) - Date.parse(gone)) / 1000);
  const reached = (name: string) => {
    const seconds = rto[name];
    if (seconds == null) throw new Error(`the drill of ${order} tells no RTO of the milestone ${name}`);
    return seconds;
  };
  const ran = layers.map(({ name, started, ended }) => {
    if (started === null || ended === null) throw new Error(`the layer ${name} of ${order} did not run`);
    return { name, from: since(started), to: since(ended) };
  });
  const rebirth = {
    ...{ order, round, load },
    begun: Math.min(...ran.map(({ from }) => from)),
    layers: Math.max(...ran.map(({ to }) => to)),
    ...{ restoreBegan: since(restore.started), restoreEnded: since(restore.ended) },
    ...{ blog: reached('blog'), stack: reached('stack') },
  };
  if (order === 'V1') assertInTurn(ran, rebirth);
  return rebirth;
}

/** What was measured as V1 must have been V1. */
function assertInTurn(
  ran: readonly { readonly name: string; readonly from: number; readonly to: number }[],
  { blog, restoreEnded }: Rebirth,
): void {
  const inOrder = ran.toSorted((a, b) => a.from - b.from);
  for (const [index, { name, from }] of inOrder.entries()) {
    const before = inOrder[index - 1];
    if (before !== undefined && from < before.to)
      throw new Error(`V1 ran side by side: ${name} began before ${before.name} had ended`);
  }
  if (blog < restoreEnded) throw new Error('V1 had its blog before its database was restored');
}

export function compare(
  machine: string,
  databaseRows: number | null,
  rebirths: readonly Rebirth[],
): Comparison {
  const figures = orders.flatMap((name): OrderFigures[] => {
    const own = rebirths.filter(({ order }) => order === name);
    if (own.length === 0) return [];
    const of = (moment: (typeof moments)[number]) => spread(own.map((each) => each[moment]));
    return [
      {
        ...{ name, runs: own.length, begun: of('begun'), layers: of('layers') },
        ...{ restoreBegan: of('restoreBegan'), restoreEnded: of('restoreEnded') },
        ...{ blog: of('blog'), stack: of('stack') },
        blogBeforeRestore: own.filter(({ blog, restoreEnded }) => blog < restoreEnded).length,
      },
    ];
  });
  return { machine, databaseRows, orders: figures, rebirths };
}

function spread(values: readonly number[]): Spread {
  return { median: thousandths(median(values)), min: Math.min(...values), max: Math.max(...values) };
}

function thousandths(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
