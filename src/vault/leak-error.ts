import { PhoenixError } from '../errors.ts';
import type { Leak } from './audit.ts';

export const leakCode = 'PHX-LEAK-FOUND';

/** What leaks mean. `found` has at least one. */
export function leakError(found: readonly Leak[]): PhoenixError {
  const [first] = found;
  return new PhoenixError({
    code: leakCode,
    class: 'vault',
    what: `A secret left the vault: ${found.length} ${found.length === 1 ? 'place' : 'places'}.`,
    why: `${first?.secret} stands in ${first?.place} (${first?.encoding}).`,
    next: 'Renew that secret now; then take it out of outputs, arguments and logs, or hand it over as a file (as: file).',
  });
}
