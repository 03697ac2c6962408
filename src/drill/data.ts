import type { Report } from '../report/schema.ts';
import type { Drill } from './schema.ts';

type Ladder = NonNullable<Report['database']>;

/** What is known of the castle's data after its rebirth. */
export interface Data {
  /** Undefined where the castle has no ladder. */
  readonly rungs: Ladder['rungs'] | undefined;
  readonly witness: Drill['witness'];
  readonly rpoSeconds: number | null;
}

/** The rung that looks for the witness rows. */
const witnessRung = 'V3';

/** Judges the data by the ladder in the report and the witness that was written before the destroy. Never by silence. */
export function dataOf(report: Report): Data {
  const ladder = report.database;
  const witness = witnessOf(report, ladder);
  return { rungs: ladder?.rungs, witness, rpoSeconds: rpoOf(report, ladder, witness) };
}

function witnessOf({ witness, fromNothing }: Report, ladder: Ladder | undefined): Drill['witness'] {
  const both = (is: Drill['witness']['a'], reason: string) => ({ a: is, b: is, reason });
  if (witness === undefined) {
    const destroyed = fromNothing?.gone !== undefined;
    return both(
      'none',
      destroyed ? 'The castle asks for no witness.' : 'Nothing was destroyed, and no witness written.',
    );
  }
  if (witness.row === null) return both('none', witness.reason ?? 'None was written.');
  // Only a castle that says how a backup is taken has a row in it.
  const a = witness.row.rows?.a != null;
  const rows = (is: Drill['witness']['a'], reason: string) => ({
    a: a ? is : ('none' as const),
    b: is,
    reason,
  });
  if (ladder === undefined)
    return rows('unknown', 'Nobody looked for it: the castle file has no `database`.');
  const rung = ladder.rungs.find((each) => each.rung.startsWith(witnessRung));
  if (rung === undefined || rung.is === 'skipped')
    return rows('unknown', rung?.reason ?? `The ladder did not come to ${witnessRung}.`);
  const seen = ladder.witness;
  if (seen != null) {
    const of = (there: boolean) => (there ? ('found' as const) : ('missing' as const));
    const back = seen.a !== false && seen.b;
    const reason = back ? 'The database has it again.' : (rung.reason ?? `${witnessRung} failed.`);
    return { a: seen.a === null ? 'none' : of(seen.a), b: of(seen.b), reason };
  }
  if (rung.is === 'passed') return rows('found', 'The database has it again.');
  return rows('missing', rung.reason ?? `${witnessRung} failed.`);
}

/** The window between the last row that is proved to be there again and the moment the castle was gone. */
function rpoOf(
  { witness, fromNothing }: Report,
  ladder: Ladder | undefined,
  { b }: Drill['witness'],
): number | null {
  if (typeof ladder?.rpoSeconds === 'number') return ladder.rpoSeconds;
  const { row } = witness ?? {};
  const gone = fromNothing?.gone;
  if (b !== 'found' || row == null || gone === undefined) return null;
  // The two clocks are of two machines.
  return Math.max(0, (Date.parse(gone) - Date.parse(row.at)) / 1000);
}
