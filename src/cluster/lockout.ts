import { PhoenixError } from '../errors.ts';

/**
 * Infisical's lockout: after a few bad logins (3 by default) it refuses the client id for a while, and looks at that
 * before it looks at the secret. So whoever retries a dead secret of the same identity locks out who has a good one.
 */
export interface Lockout {
  /** How long one lasts; unknown where the run's identity may not read it. */
  readonly seconds?: number;
  /** The call that ends one, as far as it is known. */
  readonly call: string;
  /** Ends it; false where that was done before, or may not be done. */
  readonly clear?: () => Promise<boolean>;
}

const usualSeconds = 300;

export function saysLocked(text: string): boolean {
  return /temporarily locked/i.test(text);
}

export function lockedOut(what: string, { seconds, call }: Lockout): PhoenixError {
  const wait = seconds ?? usualSeconds;
  const until = new Date(Date.now() + wait * 1000).toISOString().slice(11, 19);
  return new PhoenixError({
    code: 'PHX-CLAIM-LOCKED',
    class: 'cluster',
    what: `${what}: the client id of the machine identity is locked out.`,
    why: `After a few bad logins Infisical refuses every login of that client id, also with the right secret, for ${wait} s${seconds === undefined ? ' (its default)' : ''}. Something else logs in with a secret that is no longer valid: an older cluster, as a rule.`,
    next: `End the older cluster, wait ${wait} s (until ${until} UTC if nothing tries meanwhile) and run again; or end the lockout at once by ${call}. To be rid of it: an identity for each generation of the cluster, or Lockout off in its Universal Auth settings.`,
  });
}
