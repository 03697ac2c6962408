import type { DatabaseSettings } from '../castle/database.ts';
import type { Pods } from '../cluster/pods.ts';
import { messageOf, type PhoenixError } from '../errors.ts';
import type { Time } from '../lease/time.ts';
import type { Database } from '../witness/database.ts';
import { lookAsApp } from './app.ts';
import { proveArchive } from './archive.ts';
import { lookAtBackups } from './backups.ts';
import type { Former } from './former.ts';
import { type Reach, reachDatabase } from './reach.ts';
import { lookAtRestore } from './restore.ts';
import { inSnapshot, judgeRows, lookAtContent, lostSeconds, type Recovered, recoveredOf } from './rows.ts';
import {
  failing,
  type Judged,
  type Ran,
  type Rung,
  type RungName,
  rungOf,
  rungsUpTo,
  skipped,
} from './rungs.ts';
import { judgeStanding, standingOf } from './standing.ts';

export interface LadderAsk {
  readonly settings: DatabaseSettings;
  readonly reach: Reach;
  /** undefined where the castle has no kubeconfig. */
  readonly pods: Pods | undefined;
  readonly former: Former;
  /** Whether the castle was destroyed, so that the database must have come from its backup. */
  readonly restored: boolean;
  readonly upTo: RungName;
  readonly castle: string;
  readonly run: string;
  /** The witness' table, which V5 writes its row into. */
  readonly table: readonly string[];
  readonly archivedWithinSeconds: number;
  readonly time: Time;
  /**
   * Rungs that read whole tables or write: once passed they are not climbed again. One map for the looks of one run.
   */
  readonly remembered: Map<RungName, Judged>;
}

export interface LadderResult {
  /** `passed`: none failed, and at least one passed; those that were skipped say why. */
  readonly is: 'passed' | 'failed';
  readonly rungs: readonly Rung[];
  /** The failure that explains the others; undefined where none failed. */
  readonly error: PhoenixError | undefined;
  /** Whether it may come right by itself. */
  readonly passes: boolean;
  /** When the restore ran; null where it has not ended well, was not looked at, or nobody tells. */
  readonly restore: Ran | null;
  /** Seconds of the former life that are lost; 0 for none, null where that was not looked at or cannot be told. */
  readonly rpoSeconds: number | null;
  /** Whether the two rows of the witness are back; null where there is none, or it was not looked at. */
  readonly witness: { readonly nonce: string; readonly a: boolean | null; readonly b: boolean } | null;
}

/** A castle that was not destroyed may be at its first birth, whose first backup is taken once the database is up. */
function firstBackup({ restored }: LadderAsk, verdict: Judged): Judged {
  const coming = !restored && verdict.is === 'failed' && /no valid backups/.test(verdict.seen);
  return coming ? { ...verdict, passes: true } : verdict;
}

const remembers: ReadonlySet<RungName> = new Set(['V4', 'V5']);

/** One look at all rungs up to `upTo`. Throws only where `reach.signal` aborts: what goes wrong is a rung that fails. */
export async function runLadder(ask: LadderAsk): Promise<LadderResult> {
  const judged = new Map<RungName, Judged>();
  const look = async (rung: RungName, work: () => Promise<Judged>): Promise<void> => {
    if (!rungsUpTo(ask.upTo).includes(rung)) return;
    const known = ask.remembered.get(rung);
    const verdict = known ?? (await safely(rung, ask.reach.signal, work));
    judged.set(rung, verdict);
    if (verdict.is === 'passed' && remembers.has(rung)) ask.remembered.set(rung, verdict);
  };
  const { settings, reach, pods } = ask;
  const { backup, restore, app } = settings;
  const { cluster } = reach;
  await look('V0', async () =>
    backup === undefined || cluster === undefined || pods === undefined
      ? skipped('the castle file names no `database.backup`')
      : firstBackup(
          ask,
          await lookAtBackups(settings.stanza, backup, {
            cluster,
            pods,
            signal: reach.signal,
            time: ask.time,
          }),
        ),
  );
  await look('V1', async () =>
    restore === undefined || cluster === undefined || pods === undefined
      ? skipped('the castle file names no `database.restore`')
      : lookAtRestore(restore, { cluster, pods }),
  );
  if (judged.get('V1')?.is === 'failed') return resultOf(ask, judged, 'the restore has not ended well (V1)');
  const reached = ask.upTo === 'V0' || ask.upTo === 'V1' ? undefined : await reachDatabase(reach, settings);
  if (reached === undefined) return resultOf(ask, judged, '');
  if ('is' in reached) {
    await look('V2', async () =>
      failing('PHX-DB-UNREACHABLE', {
        seen: reached.why,
        why: reached.why,
        next: 'See that its pod runs, that its service leads to it, and that `database` of the castle file names its address.',
        passes: true,
      }),
    );
    return resultOf(ask, judged, 'the database cannot be asked (V2)');
  }
  await using database = reached.database;
  const witness = 'witness' in ask.former ? ask.former.witness : undefined;
  await look('V2', async () => judgeStanding(await standingOf(database), witness, ask.restored));
  if (judged.get('V2')?.is === 'failed') return resultOf(ask, judged, 'the database is not up for good (V2)');
  const recovered = await lookBack(ask, database, look);
  const allBack = judged.get('V3')?.is !== 'failed';
  const { table, run, castle, time, archivedWithinSeconds: withinSeconds } = ask;
  await look('V5', () =>
    // A row in a database that lost some would only make the loss harder to mend.
    allBack
      ? proveArchive(database, { table, run, castle, withinSeconds, time, signal: reach.signal })
      : Promise.resolve(
          skipped('nothing is written into a database that came back without its last rows (V3)'),
        ),
  );
  await look('V6', async () =>
    app === undefined ? skipped('the castle file names no `database.app`') : lookAsApp(reach, app),
  );
  return resultOf(ask, judged, '', recovered);
}

/** V3 and V4, in one snapshot of the database. */
async function lookBack(
  { former, upTo }: LadderAsk,
  database: Database,
  look: (rung: RungName, work: () => Promise<Judged>) => Promise<void>,
): Promise<Recovered | undefined> {
  if (!('witness' in former)) {
    const verdict =
      'none' in former
        ? skipped(former.none)
        : failing('PHX-DB-WITNESS', {
            seen: former.forged,
            why: former.forged,
            next: "See who wrote it, and whether the castle's key of its states is the one it was signed with; then take it away and destroy with a new witness.",
            passes: false,
          });
    const same = 'none' in former ? verdict : skipped('there is no genuine witness to hold it against (V3)');
    await look('V3', async () => verdict);
    await look('V4', async () => same);
    return undefined;
  }
  if (!rungsUpTo(upTo).includes('V3')) return undefined;
  let recovered: Recovered | undefined;
  await inSnapshot(database, async () => {
    let back = false;
    await look('V3', async () => {
      recovered = await recoveredOf(database, former.witness);
      const verdict = judgeRows(former.witness, recovered);
      back = verdict.is === 'passed';
      return verdict;
    });
    await look('V4', async () =>
      recovered === undefined || !back
        ? skipped('rows are missing, so the content differs by that (V3)')
        : lookAtContent(database, former.witness, recovered),
    );
  });
  return recovered;
}

/** A look that breaks is a rung that fails, for now. */
async function safely(rung: RungName, signal: AbortSignal, work: () => Promise<Judged>): Promise<Judged> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    return failing('PHX-DB-UNREACHABLE', {
      seen: messageOf(error),
      why: `The look at ${rung} broke off: ${messageOf(error)}.`,
      next: 'See what the cluster and the database say to it, and run verify again.',
      passes: true,
      cause: error,
    });
  }
}

/** `stopped`: why the rungs that were not looked at were left out. */
function resultOf(
  { upTo, former }: LadderAsk,
  judged: ReadonlyMap<RungName, Judged>,
  stopped: string,
  recovered?: Recovered,
): LadderResult {
  const all = rungsUpTo(upTo).map((rung) => [rung, judged.get(rung) ?? skipped(stopped)] as const);
  const failed = all.flatMap(([rung, verdict]) => (verdict.is === 'failed' ? [{ rung, ...verdict }] : []));
  // What never passes by itself explains more; and a backup that cannot be asked is told by the restore that still runs.
  const cause = failed.find(({ passes }) => !passes) ?? failed.find(({ rung }) => rung === 'V1') ?? failed[0];
  const witness = 'witness' in former ? former.witness : undefined;
  const seen = all.some(([, verdict]) => verdict.is === 'passed');
  const error = cause?.error ?? (seen ? undefined : nothing(upTo));
  const restore = judged.get('V1');
  return {
    is: error === undefined ? 'passed' : 'failed',
    rungs: all.map(([rung, verdict]) => rungOf(rung, verdict)),
    error,
    passes: cause?.passes ?? false,
    restore: restore?.is === 'passed' ? (restore.ran ?? null) : null,
    rpoSeconds: witness === undefined || recovered === undefined ? null : lostSeconds(witness, recovered),
    witness:
      witness === undefined || recovered === undefined
        ? null
        : { nonce: witness.nonce, a: witness.rows?.a == null ? null : recovered.a, b: recovered.b },
  };
}

/** A ladder whose rungs were all skipped has shown nothing, and that is no pass. */
function nothing(upTo: RungName): PhoenixError {
  return failing('PHX-DB-NOTHING', {
    seen: 'nothing',
    why: `Every rung up to ${upTo} was skipped.`,
    next: 'Name `database.backup` and `database.restore` in the castle file, or look up to a higher rung.',
    passes: false,
  }).error;
}
