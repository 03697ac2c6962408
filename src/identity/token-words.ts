import type { Claims } from './claims.ts';

/** A claim as people are shown it, to be compared or pasted. */
export function quoted(value: string | undefined): string {
  return value === undefined ? '(not readable in the token)' : `\`${value}\``;
}

/** What a source of secrets can be bound to, as it stands in the job's own token. */
export function listed(claims: Claims | undefined): string {
  if (claims === undefined) return '(the token could not be decoded)';
  const shown = ['iss', 'sub', 'aud', 'repository_id', 'job_workflow_ref', 'environment'] as const;
  return shown
    .flatMap((name) => (claims[name] === undefined ? [] : [`${name} ${quoted(claims[name])}`]))
    .join(', ');
}

/**
 * How the clocks of this machine and of `server` differ, where that is why a token was out of its time; undefined where
 * it really came too late. `date` is the server's time from its answer, `now` this machine's in milliseconds.
 */
export function clocksApart(
  claims: Claims | undefined,
  { now, date }: { readonly now: number; readonly date: Date | undefined },
  server: string,
): string | undefined {
  const skew = date === undefined ? 0 : Math.round((date.getTime() - now) / 1000);
  const here = now / 1000;
  const validHere = claims?.exp !== undefined && here < claims.exp && here >= (claims.nbf ?? 0);
  if (Math.abs(skew) <= 30 && !validHere) return undefined;
  return skew === 0
    ? 'differ'
    : `differ by ${Math.abs(skew)} s (${server} is ${skew > 0 ? 'ahead' : 'behind'})`;
}
