import type { ApiObject, Cluster } from './client.ts';
import { kinds } from './kinds.ts';

export interface Warning {
  readonly reason: string;
  readonly message: string;
}

/** The newest Warning event about an object: External Secrets tells the true cause only there. */
export async function latestWarning(cluster: Cluster, object: ApiObject): Promise<Warning | undefined> {
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
