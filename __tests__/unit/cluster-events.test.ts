import { describe, expect, test } from 'vitest';
import type { ApiObject } from '../../src/cluster/client.ts';
import { awaitWarning } from '../../src/cluster/events.ts';
import { rejection } from '../support/folder.ts';

const store: ApiObject = { apiVersion: 'v1', kind: 'Store', metadata: { name: 'store', uid: 'this-one' } };
const never = new AbortController().signal;

function event(message: string, lastTimestamp: string | null, more: object = {}): ApiObject {
  const involvedObject = { uid: 'this-one' };
  return {
    apiVersion: 'v1',
    kind: 'Event',
    reason: 'Failed',
    message,
    lastTimestamp,
    involvedObject,
    ...more,
  } as ApiObject;
}

/** A cluster whose list of events is the next of `answers` each time, and the last for ever. */
function clusterOf(...answers: readonly (readonly ApiObject[])[]) {
  const asked: unknown[][] = [];
  return {
    asked,
    async list(...call: unknown[]) {
      asked.push(call);
      return [...(answers[Math.min(asked.length, answers.length) - 1] ?? [])];
    },
  };
}

describe('the cause of a failure', () => {
  test('is the newest Warning about that very object, not about an earlier one of its name', async () => {
    const cluster = clusterOf([
      event('old', '2026-11-23T20:00:00Z'),
      event('newest', null, { eventTime: '2026-11-23T20:00:09.5Z' }),
      event('newer', '2026-11-23T20:00:05Z'),
      event('of another', '2026-11-23T21:00:00Z', { involvedObject: { uid: 'a former one' } }),
    ]);
    expect(await awaitWarning(cluster, store, never)).toEqual({ reason: 'Failed', message: 'newest' });
    expect(cluster.asked[0]?.[2]).toBe('involvedObject.name=store,type=Warning');
  });

  test('is waited for, since an Event may come after the condition that it explains', async () => {
    const cluster = clusterOf([], [], [event('late', '2026-11-23T20:00:00Z')]);
    expect(await awaitWarning(cluster, store, never)).toMatchObject({ message: 'late' });
  });

  test('is not waited for much longer than an Event takes', async () => {
    const from = performance.now();
    expect(await awaitWarning(clusterOf([]), store, never)).toBeUndefined();
    expect(performance.now() - from).toBeLessThan(5_000);
  });

  test('is not waited for when the run is cancelled', async () => {
    const cancelled = AbortSignal.abort();
    expect(await rejection(awaitWarning(clusterOf([]), store, cancelled))).toMatchObject({
      name: 'AbortError',
    });
  });
});
