import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiObject, Cluster } from './client.ts';
import { kinds } from './kinds.ts';

export interface Warning {
  readonly reason: string;
  readonly message: string;
}

/** An Event is sent beside the status that it explains, and may arrive after it. */
const eventWithinMs = 2_000;
const betweenMs = 100;

/** The newest Warning event about an object that just failed, waited for while it may still be on its way. */
export async function awaitWarning(
  cluster: Pick<Cluster, 'list'>,
  object: ApiObject,
  signal: AbortSignal,
): Promise<Warning | undefined> {
  const deadline = Date.now() + eventWithinMs;
  for (;;) {
    const warning = await latestWarning(cluster, object);
    if (warning !== undefined || Date.now() >= deadline) return warning;
    await sleep(betweenMs, undefined, { signal });
  }
}

/** The newest Warning event about an object: External Secrets tells the true cause only there. */
async function latestWarning(
  cluster: Pick<Cluster, 'list'>,
  object: ApiObject,
): Promise<Warning | undefined> {
  const { name = '', namespace = 'default', uid } = object.metadata ?? {};
  const selector = `involvedObject.name=${name},type=Warning`;
  const events = (await cluster.list(kinds.event, namespace, selector)) as readonly EventObject[];
  const own = events.filter((event) => uid === undefined || event.involvedObject?.uid === uid);
  const newest = own.toSorted((a, b) => timeOf(a) - timeOf(b)).at(-1);
  return newest === undefined ? undefined : { reason: newest.reason ?? '', message: newest.message ?? '' };
}

interface EventObject extends ApiObject {
  readonly reason?: string;
  readonly message?: string;
  readonly involvedObject?: { readonly uid?: string };
  readonly lastTimestamp?: string | Date | null;
  readonly eventTime?: string | Date | null;
}

function timeOf({ lastTimestamp, eventTime }: EventObject): number {
  const time = lastTimestamp ?? eventTime;
  return time === undefined || time === null ? 0 : new Date(time).getTime();
}
