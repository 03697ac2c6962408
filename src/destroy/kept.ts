import type { Prepared } from '../rebirth/protocol.ts';
import type { DestroyOrder } from './order.ts';

/** The layers that the castle file protects, in the log and the report. */
export function noteKept({ run, progress }: Prepared, { kept }: DestroyOrder): void {
  for (const [name, reasons] of kept) {
    const note = reasons.includes(name)
      ? 'The castle file protects it (destroy.protect).'
      : `${reasons.join(', ')}, which the castle file protects, ${reasons.length === 1 ? 'stands' : 'stand'} on it.`;
    run.log.from(name, `kept: ${note}`);
    const never = { ran: undefined, retries: 0, phases: [] };
    progress.layers.set(name, { name, dependencies: [], verdict: 'kept', ...never, note });
  }
}
