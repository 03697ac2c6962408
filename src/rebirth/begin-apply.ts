import { toPhoenixError } from '../errors.ts';
import { noteApply } from '../keepsake/passage.ts';
import { openKeepsake } from '../keepsake/store.ts';
import type { Prepared } from './protocol.ts';

/**
 * What every run does before it applies a layer: from here on no witness of before speaks for the castle. Throws
 * PHX-KEEPSAKE-STORE where the castle asks for one; without one a rebirth must not wait for it.
 */
export async function beginApply(prepared: Prepared): Promise<void> {
  const { castle, id, ledger, log } = prepared.run;
  try {
    await ledger.span('mark', 'phase', () => noteApply(openKeepsake(prepared), id));
  } catch (thrown) {
    if (castle.destroy?.witness !== undefined) throw thrown;
    const { what, why } = toPhoenixError(thrown);
    log.warn(`${what} ${why}`);
  }
}
