import type { DatabaseSettings } from '../castle/database.ts';
import { messageOf, PhoenixError } from '../errors.ts';
import { codeOf } from '../witness/silence.ts';
import { type Reach, reachDatabase } from './reach.ts';
import { failing, type Judged, passed } from './rungs.ts';

/** V6: whether the application's own credential is let in, and its query answered. */
export async function lookAsApp(reach: Reach, app: NonNullable<DatabaseSettings['app']>): Promise<Judged> {
  const fails = (why: string, next: string, passes: boolean) =>
    failing('PHX-DB-APP', { seen: why, why, next, passes });
  const reached = await reachDatabase(reach, app);
  if ('is' in reached) {
    if (reached.state === '28P01') {
      return fails(
        `The restored password is not the secret's: the database knows the user and refuses the password. ${reached.why}`,
        'Set the password of the role to what its secret says (ALTER ROLE … PASSWORD), or put the restored one into the secret.',
        true,
      );
    }
    return fails(
      reached.why,
      'See that the secret of `database.app` holds an address that leads to the database.',
      true,
    );
  }
  const { database, user } = reached;
  await using _ = database;
  try {
    const rows = await database.ask(app.query);
    return passed(`${user} is let in, and its query gave ${rows.length} rows`);
  } catch (error) {
    reach.signal.throwIfAborted();
    const why = error instanceof PhoenixError ? error.why : messageOf(error);
    // Class 42: no such table, or no right to it. Waiting mends neither.
    const passes = !codeOf(error).startsWith('42');
    return fails(
      `${user} is let in, and its query is not answered: ${why}`,
      'Give the role its rights, or put `database.app.query` right.',
      passes,
    );
  }
}
