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
  earlier: ReadonlySet<string> = new Set(),
): Promise<Warning | undefined> {
  const deadline = Date.now() + eventWithinMs;
  for (;;) {
    const warning = await latestWarning(cluster, object, earlier);
    if (warning !== undefined || Date.now() >= deadline) return warning;
    await sleep(betweenMs, undefined, { signal });
  }
}

/** The newest Warning event about an object: External Secrets tells the true cause only there. */
async function latestWarning(
  cluster: Pick<Cluster, 'list'>,
  object: ApiObject,
  earlier: ReadonlySet<string>,
): Promise<Warning | undefined> {
  const own = (await warningsOf(cluster, object)).filter((event) => !earlier.has(versionOf(event)));
  const newest = own.toSorted((a, b) => timeOf(a) - timeOf(b)).at(-1);
  return newest === undefined ? undefined : { reason: newest.reason ?? '', message: newest.message ?? '' };
}

/** The Warning events there are about an object: one that comes again has another version. */
export async function knownWarnings(
  cluster: Pick<Cluster, 'list'>,
  object: ApiObject,
): Promise<ReadonlySet<string>> {
  return new Set((await warningsOf(cluster, object)).map(versionOf));
}

async function warningsOf(cluster: Pick<Cluster, 'list'>, object: ApiObject): Promise<EventObject[]> {
  const { name = '', namespace = 'default', uid } = object.metadata ?? {};
  const selector = `involvedObject.name=${name},type=Warning`;
  const events = (await cluster.list(kinds.event, namespace, selector)) as readonly EventObject[];
  return events.filter((event) => uid === undefined || event.involvedObject?.uid === uid);
}

function versionOf({ metadata }: EventObject): string {
  return `${metadata?.uid} ${metadata?.resourceVersion}`;
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
