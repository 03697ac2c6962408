import { destroyGuarded, isTouched } from '../destroy/guarded.ts';
import { PhoenixError } from '../errors.ts';
import { clearPassage, isFresh, markPassage } from '../keepsake/passage.ts';
import type { Passage } from '../keepsake/record.ts';
import { openKeepsake } from '../keepsake/store.ts';
import { endsWithRun } from '../rehearsal/lasting.ts';
import type { Report } from '../report/schema.ts';
import type { Request } from '../request.ts';
import type { Prepared } from './protocol.ts';
import { raise } from './rebuild.ts';
import { stranded } from './stranded.ts';

/**
 * The work of `rebirth --from-nothing`: destroy, then rebirth, under one lease. A mark beside the castle's states tells
 * how far it came, so that the same command goes on after a failure: what a rebirth has half built is never destroyed.
 * However it ends, a castle that is gone and not there again is told. `firstBirthSeconds`: how long it took this run to
 * raise the castle first, in a box that begins empty.
 */
export async function rebuildFromNothing(
  prepared: Prepared,
  request: Pick<Request, 'without-witness'>,
  firstBirthSeconds?: number,
): Promise<void> {
  const { run, edge, progress } = prepared;
  const { castle, log, ledger, signal, journal } = run;
  const keepsake = openKeepsake(prepared);
  const { passage } = await ledger.span('mark', 'phase', () => keepsake.read());
  if (passage !== undefined && !isFresh(passage, Date.now()))
    throw stale(castle.name, passage, keepsake.place);
  const resumed = passage?.phase ?? null;
  if (passage !== undefined) progress.gone = passage.at;
  let reached: FromNothing['reached'] = 'destroying';
  let first: Pick<FromNothing, 'destroySeconds' | 'destroyed'> = { destroySeconds: 0, destroyed: [] };
  const tell = () => {
    progress.fromNothing = {
      resumed,
      reached,
      ...(progress.gone === undefined ? {} : { gone: new Date(progress.gone).toISOString() }),
      ...(firstBirthSeconds === undefined ? {} : { firstBirthSeconds }),
      ...first,
    };
  };
  tell();
  let witness = passage?.witness ?? null;
  let gone: 'nothing' | 'a part' | 'all' = passage === undefined ? 'nothing' : left[passage.phase];
  try {
    if (passage?.phase === 'raising') {
      warn(
        prepared,
        `${castle.name} was destroyed already (run ${passage.run}), and its rebirth stopped half-way: NOTHING IS DESTROYED this time, the rebirth goes on.`,
      );
    } else {
      if (passage !== undefined) log.warn(`destroy: goes on with what run ${passage.run} began to destroy`);
      const wanted = { only: [], from: '', 'without-witness': request['without-witness'] };
      const began = ledger.seconds();
      try {
        // The client secret that this rebirth hands over is made already; the older ones are retired by the claim.
        await destroyGuarded(prepared, wanted, { marks: true, revokes: false, keepsake });
      } finally {
        first = { destroySeconds: ledger.seconds() - began, destroyed: destroyedLayers(prepared) };
        tell();
        witness = progress.witness?.row?.nonce ?? witness;
        if (isTouched(progress)) gone = progress.failures.length > 0 ? 'a part' : 'all';
      }
      if (progress.failures.length > 0) return;
      signal.throwIfAborted();
      progress.layers.clear();
      // It leads to a cluster that is gone.
      delete progress.access;
      log.info(`destroy: ${castle.name} is gone; its rebirth begins`);
    }
    await markPassage(keepsake, { phase: 'raising', run: run.id, witness });
    journal.write({ type: 'passage', phase: 'raising', witness });
    gone = 'all';
    reached = 'raising';
    tell();
    // Milestones count from here: the destroy is no part of a rebirth's time.
    await raise({ ...prepared, run: { ...run, toolsReady: ledger.seconds() } });
    if (progress.failures.length > 0) return;
    signal.throwIfAborted();
    reached = 'reborn';
    tell();
    journal.write({ type: 'passage', phase: 'reborn', witness });
    await clearPassage(keepsake, log);
  } finally {
    // Nobody goes on with a box that ends with its run.
    if (reached !== 'reborn' && gone !== 'nothing' && !endsWithRun(castle, edge.env))
      warn(prepared, stranded(castle.name, { witness, half: gone === 'a part' }));
  }
}

/** What is gone of a castle that an earlier run left so. */
const left = { destroying: 'a part', destroyed: 'all', raising: 'all' } as const;

type FromNothing = NonNullable<Report['fromNothing']>;

function warn({ run, progress }: Prepared, caution: string): void {
  run.log.warn(caution);
  progress.cautions.push(caution);
}

function destroyedLayers({ progress }: Prepared) {
  return [...progress.layers.values()].map(({ name, verdict, ran }) => ({
    name,
    verdict,
    seconds: ran === undefined ? 0 : Math.max(0, ran.to - ran.from) / 1000,
  }));
}

function stale(castle: string, { phase, run, at }: Passage, place: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-PASSAGE-STALE',
    class: 'input',
    what: `A rebirth of ${castle} from nothing stopped half-way too long ago to be gone on with: nothing was touched.`,
    why: `Its mark in ${place} is of run ${run}, ${new Date(at).toISOString()}, at \`${phase}\`: whether the castle has been used since cannot be told.`,
    next: `\`phoenix rebirth\` goes on with what stands, and takes the mark away; \`phoenix destroy --confirm ${castle}\` begins anew.`,
  });
}
