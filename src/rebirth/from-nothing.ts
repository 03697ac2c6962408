import { destroyGuarded } from '../destroy/guarded.ts';
import { PhoenixError } from '../errors.ts';
import { clearPassage, isFresh, markPassage } from '../keepsake/passage.ts';
import type { Passage } from '../keepsake/record.ts';
import { openKeepsake } from '../keepsake/store.ts';
import type { Request } from '../request.ts';
import type { Prepared } from './protocol.ts';
import { rebuild } from './rebuild.ts';

/**
 * The work of `rebirth --from-nothing`: destroy, then rebirth, under one lease. A mark beside the castle's states tells
 * how far it came, so that the same command goes on after a failure: what a rebirth has half built is never destroyed.
 */
export async function rebuildFromNothing(prepared: Prepared, request: Request): Promise<void> {
  const { run, progress } = prepared;
  const { castle, log, ledger } = run;
  const keepsake = openKeepsake(prepared);
  const { passage } = await ledger.span('mark', 'phase', () => keepsake.read());
  if (passage !== undefined && !isFresh(passage, Date.now()))
    throw stale(castle.name, passage, keepsake.place);
  const resumed = passage?.phase ?? null;
  progress.fromNothing = { resumed, reached: 'destroying', destroySeconds: 0, destroyed: [] };
  let witness = passage?.witness ?? null;
  let attempts = new Map<string, number>();
  if (passage?.phase === 'raising') {
    const caution = `${castle.name} was destroyed already (run ${passage.run}), and its rebirth stopped half-way: NOTHING IS DESTROYED this time, the rebirth goes on.`;
    log.warn(caution);
    progress.cautions.push(caution);
  } else {
    if (passage !== undefined) log.warn(`destroy: goes on with what run ${passage.run} began to destroy`);
    const wanted = { only: [], from: '', 'without-witness': request['without-witness'] };
    const began = ledger.seconds();
    // The client secret that this rebirth hands over is made already; the older ones are retired by the claim.
    await destroyGuarded(prepared, wanted, { marks: true, revokes: false, keepsake });
    progress.fromNothing = {
      ...{ resumed, reached: 'destroying' as const },
      destroySeconds: ledger.seconds() - began,
      destroyed: destroyedLayers(prepared),
    };
    if (progress.failures.length > 0 || run.signal.aborted) return;
    witness = progress.witness?.row?.nonce ?? null;
    attempts = new Map([...progress.layers.values()].map(({ name, retries }) => [name, retries + 1]));
    progress.layers.clear();
    // It leads to a cluster that is gone.
    delete progress.access;
    log.info(`destroy: ${castle.name} is gone; its rebirth begins`);
  }
  await markPassage(keepsake, { phase: 'raising', run: run.id, witness });
  progress.fromNothing = { ...progress.fromNothing, reached: 'raising' };
  // Milestones count from here: the destroy is no part of a rebirth's time.
  await rebuild({ ...prepared, run: { ...run, toolsReady: ledger.seconds() } }, attempts);
  if (progress.failures.length === 0) {
    progress.fromNothing = { ...progress.fromNothing, reached: 'reborn' };
    await clearPassage(keepsake, log);
    return;
  }
  const caution = stranded(castle.name, witness);
  log.warn(caution);
  progress.cautions.push(caution);
}

function destroyedLayers({ progress }: Prepared) {
  return [...progress.layers.values()].map(({ name, verdict, ran }) => ({
    name,
    verdict,
    seconds: ran === undefined ? 0 : Math.max(0, ran.to - ran.from) / 1000,
  }));
}

/** The loudest word there is: the castle is gone, and nothing has taken its place. */
function stranded(castle: string, witness: string | null): string {
  const data = witness === null ? '' : ` The backup holds all up to the witness row ${witness}.`;
  return `${castle} IS DESTROYED AND NOT REBORN.${data} Mend what failed and run the same command again (\`phoenix rebirth --from-nothing --confirm ${castle}\`): it destroys nothing and goes on with the layers that are missing. By hand: \`phoenix rebirth\`, or \`terragrunt apply\` layer by layer in the order of \`phoenix plan\`; then restore the database from its backup repository (docs/destroy.md).`;
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
