import type { Keepsake, Witness } from '../keepsake/record.ts';
import { isGenuine } from '../keepsake/sign.ts';

/** What is known of a database's former life: its witness, why there is none to hold it against, or a forgery. */
export type Former = { readonly witness: Witness } | { readonly none: string } | { readonly forged: string };

/** `key` is the secret that the castle's states are encrypted with; without it nothing can be said of a signature. */
export function formerLife({ witness, proved }: Keepsake, castle: string, key: string | undefined): Former {
  if (witness === undefined || witness.castle !== castle) return { none: 'no witness of a former life' };
  if (!isGenuine(witness, key)) {
    const why =
      witness.signature === null ? 'It bears no signature' : "Its signature is not that of the castle's key";
    return { forged: `${why}: who wrote the record of ${witness.at} is not known.` };
  }
  if (proved?.nonce === witness.nonce)
    return {
      none: `run ${proved.run} proved at ${proved.at} that all of the former life is back; what changed since is the castle's own`,
    };
  return { witness };
}
