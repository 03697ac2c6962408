import { type LadderAsk, type LadderResult, runLadder } from '../../src/database/ladder.ts';

const betweenMs = 2000;

/**
 * Looks until no rung fails, until one fails that will not come right by itself, or for `withinSeconds`; gives the last
 * look. `onChange` is told each new thing that it hangs on.
 */
export async function climbLadder(
  ask: LadderAsk,
  { withinSeconds, onChange }: { readonly withinSeconds: number; readonly onChange: (seen: string) => void },
  look: (ask: LadderAsk) => Promise<LadderResult> = runLadder,
): Promise<LadderResult> {
  const { time } = ask;
  const { signal } = ask.reach;
  const deadline = time.now() + withinSeconds * 1000;
  let told = '';
  for (;;) {
    const result = await look(ask);
    const why = result.error?.why ?? '';
    if (why !== told) onChange(why);
    told = why;
    if (result.is === 'passed' || !result.passes || time.now() + betweenMs > deadline) return result;
    await time.sleep(betweenMs, signal, false);
  }
}
