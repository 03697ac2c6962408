import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster/client.ts';
import { messageOf } from '../errors.ts';

const answerMs = 5_000;
const withinMs = 15_000;
const pauseMs = 1_000;

/**
 * Why the cluster's API does not answer, asked for a quarter of a minute; undefined where it does, were it with a refusal.
 * Throws only for an abort.
 */
export async function deadApi(
  cluster: Pick<Cluster, 'read'>,
  signal: AbortSignal,
  limits: { readonly withinMs: number; readonly answerMs: number } = { withinMs, answerMs },
): Promise<string | undefined> {
  const deadline = performance.now() + limits.withinMs;
  for (;;) {
    const silence = await ask(cluster, limits.answerMs, signal);
    if (silence === undefined || performance.now() + pauseMs > deadline) return silence;
    await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

async function ask(
  cluster: Pick<Cluster, 'read'>,
  within: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const waiting = new AbortController();
  const late = sleep(within, `no answer within ${within / 1000} s`, {
    signal: AbortSignal.any([signal, waiting.signal]),
  }).catch(() => undefined);
  const asked = cluster.read({ apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces' }, 'default').then(
    () => undefined,
    // A refusal is an answer: somebody lives there.
    (error: unknown) => (isAnswer(error) ? undefined : reasonOf(error)),
  );
  try {
    const first = await Promise.race([asked, late]);
    signal.throwIfAborted();
    return first;
  } finally {
    waiting.abort();
  }
}

function isAnswer(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'number';
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return messageOf(cause);
}
