import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObjectApi, Watch } from '@kubernetes/client-node';
import { messageOf, PhoenixError } from '../errors.ts';
import type { ApiObject, Kind } from './client.ts';
import { lastSeenText } from './last-seen.ts';

/** What a judge says of the objects it is shown: done with a value, refused for good, or still waiting and for what. */
export type Judgement<T> =
  | { readonly done: T }
  | { readonly refused: PhoenixError }
  | { readonly waiting: string };
export type Judge<Subject, T> = (subject: Subject) => Judgement<T> | Promise<Judgement<T>>;

export interface WaitOptions {
  /** What is waited for, as the end of "Waited … s for". */
  readonly reason: string;
  readonly seconds: number;
  readonly signal: AbortSignal;
  /** Error code where the deadline passes. */
  readonly code: string;
  /** Told each new thing that the wait hangs on. */
  readonly onChange?: (waiting: string) => void;
}

export interface Scope {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly fieldSelector: string | undefined;
}

/** Between two tries where no watch can stand yet: the kind is not served, or the API server does not answer. */
const retryMs = 150;

/** Lists, then watches, and asks the judge at each change. A broken or ended watch is taken up again by a new list. */
export async function waitForObjects<T>(
  { objects: api, watch }: { readonly objects: KubernetesObjectApi; readonly watch: Watch },
  scope: Scope,
  judge: Judge<readonly ApiObject[], T>,
  options: WaitOptions,
): Promise<T> {
  const deadline = AbortSignal.timeout(Math.ceil(options.seconds * 1000));
  const stop = AbortSignal.any([options.signal, deadline]);
  let lastSeen = 'nothing yet';
  const see = (text: string) => {
    if (text !== lastSeen) options.onChange?.(text);
    lastSeen = text;
  };
  while (!stop.aborted) {
    const objects = new Map<string, ApiObject>();
    let version: string | undefined;
    try {
      const { apiVersion, kind } = scope.kind;
      const list = await api.list<ApiObject>(
        apiVersion,
        kind,
        scope.namespace,
        undefined,
        undefined,
        undefined,
        scope.fieldSelector,
      );
      for (const item of list.items) objects.set(keyOf(item), item);
      version = list.metadata?.resourceVersion;
    } catch (error) {
      see(messageOf(error));
      await sleep(retryMs, undefined, { signal: stop }).catch(() => {});
      continue;
    }
    const outcome = await followChanges(watch, scope, objects, version, judge, see, stop);
    if (outcome === undefined) continue;
    if ('refused' in outcome) throw outcome.refused;
    return outcome.done;
  }
  if (options.signal.aborted) throw options.signal.reason;
  throw new PhoenixError({
    code: options.code,
    class: 'cluster',
    what: `Waited ${Math.round(options.seconds)} s for ${options.reason}.`,
    why: lastSeenText(lastSeen),
    next: 'Look at the object and its events with kubectl describe; mend the cause, then run again.',
  });
}

/** Judges the list and each change after it, until there is an end, or the watch breaks (undefined). */
async function followChanges<T>(
  watch: Watch,
  scope: Scope,
  objects: Map<string, ApiObject>,
  version: string | undefined,
  judge: Judge<readonly ApiObject[], T>,
  see: (text: string) => void,
  stop: AbortSignal,
): Promise<{ done: T } | { refused: PhoenixError } | undefined> {
  let changed = Promise.withResolvers<'changed' | 'closed'>();
  const close = () => changed.resolve('closed');
  const controller = await watch.watch(
    pathOf(scope),
    { ...selectorOf(scope), resourceVersion: version },
    (phase, object: ApiObject) => {
      if (phase === 'ADDED' || phase === 'MODIFIED') objects.set(keyOf(object), object);
      else if (phase === 'DELETED') objects.delete(keyOf(object));
      changed.resolve(phase === 'ERROR' ? 'closed' : 'changed');
    },
    close,
  );
  stop.addEventListener('abort', close, { once: true });
  try {
    for (;;) {
      const judgement = await judge([...objects.values()]);
      if (!('waiting' in judgement)) return judgement;
      see(judgement.waiting);
      if (stop.aborted || (await changed.promise) === 'closed') return undefined;
      changed = Promise.withResolvers();
    }
  } finally {
    stop.removeEventListener('abort', close);
    controller.abort();
  }
}

function pathOf({ kind, namespace }: Scope): string {
  const root = kind.apiVersion.includes('/') ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`;
  return namespace === undefined
    ? `${root}/${kind.plural}`
    : `${root}/namespaces/${namespace}/${kind.plural}`;
}

function selectorOf({ fieldSelector }: Scope): Record<string, string> {
  return fieldSelector === undefined ? {} : { fieldSelector };
}

function keyOf(object: ApiObject): string {
  return `${object.metadata?.namespace ?? ''}/${object.metadata?.name ?? ''}`;
}
