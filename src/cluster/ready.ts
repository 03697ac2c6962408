import { PhoenixError } from '../errors.ts';
import { type ApiObject, type Cluster, conditionOf, describeCondition, type Kind } from './client.ts';
import { awaitWarning, knownWarnings } from './events.ts';
import { type Lockout, lockedOut, saysLocked } from './lockout.ts';
import type { Judgement } from './wait.ts';

/** How an object stood before it was touched: what was wrong with it then says nothing of what is tried now. */
export interface Earlier {
  readonly condition: string | undefined;
  readonly warnings: ReadonlySet<string>;
  /** Of an ExternalSecret: the version of itself that it was last synced at. */
  readonly synced: unknown;
}

export async function howItStands(
  cluster: Pick<Cluster, 'read' | 'list'>,
  kind: Kind,
  name: string,
  namespace?: string,
): Promise<Earlier> {
  const object = await cluster.read(kind, name, namespace);
  if (object === undefined) return { condition: undefined, warnings: new Set(), synced: undefined };
  return {
    condition: describeCondition(conditionOf(object, 'Ready')),
    warnings: await knownWarnings(cluster, object),
    synced: object.status?.['syncedResourceVersion'],
  };
}

export interface Expected {
  readonly what: string;
  readonly goodReasons: readonly string[];
  readonly code: string;
  readonly earlier: Earlier;
}

interface Judging {
  readonly cluster: Pick<Cluster, 'list'>;
  readonly signal: AbortSignal;
  readonly lockout: Lockout;
}

/** Causes that pass by themselves: the operator will try again, so the wait goes on. */
const passing =
  /\b(429|500|502|503|504)\b|connection refused|connection reset|i\/o timeout|deadline exceeded|no such host|EOF|is not ready/i;

/** Judges an object of External Secrets by its Ready condition and, where it is refused, the Event with the cause. */
export async function judgeReady(
  { cluster, signal, lockout }: Judging,
  object: ApiObject | undefined,
  { what, goodReasons, code, earlier }: Expected,
): Promise<Judgement<true>> {
  const condition = conditionOf(object, 'Ready');
  const shown = describeCondition(condition);
  if (condition?.status === 'True') {
    const synced = object?.status?.['syncedResourceVersion'];
    // Of the credentials that it had before; the operator has not come to the new ones yet.
    if (earlier.synced !== undefined && synced === earlier.synced)
      return { waiting: `${what}: not synced anew yet` };
    // Ready is also True for SecretDeleted, SecretMissing and ValidationUnknown: only the named reasons count.
    if (goodReasons.includes(condition.reason ?? '')) return { done: true };
    return { waiting: `${what}: ${shown}` };
  }
  if (condition?.status !== 'False' || object === undefined) return { waiting: `${what}: ${shown}` };
  const warning = await awaitWarning(cluster, object, signal, earlier.warnings);
  if (warning === undefined && shown === earlier.condition)
    return { waiting: `${what}: still ${shown}, as before` };
  const cause = [shown, warning === undefined ? '' : `Event ${warning.reason}: ${warning.message}`]
    .join(' ')
    .trim();
  if (saysLocked(cause)) {
    if (await lockout.clear?.())
      return { waiting: `${what}: the lockout is cleared; the operator tries again` };
    return { refused: lockedOut(`${what} is refused`, lockout) };
  }
  if (passing.test(cause)) return { waiting: `${what}: ${cause}` };
  return {
    refused: new PhoenixError({
      code,
      class: 'cluster',
      what: `${what} is refused.`,
      why: cause,
      next: 'Check the machine identity (clientId, clientSecret, its project and path) in Infisical, then run again from the claim.',
    }),
  };
}
