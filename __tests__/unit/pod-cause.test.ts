import { describe, expect, it } from 'vitest';
import type { ApiObject } from '../../src/cluster/client.ts';
import { type PodEvent, podCause, podsCause } from '../../src/cluster/pod-cause.ts';

const image = 'ghcr.io/tazzo/blog:7';

function pod(status: object, spec: object = {}): ApiObject {
  return {
    metadata: { name: 'blog-1', uid: 'u1' },
    spec: {
      initContainers: [{ name: 'restore', image: 'phoenix.box/postgres:1' }],
      containers: [{ name: 'main', image, resources: { limits: { memory: '64Mi' } } }],
      ...spec,
    },
    status: { phase: 'Pending', ...status },
  } as ApiObject;
}

const main = (state: object, more: object = {}) =>
  pod({ containerStatuses: [{ name: 'main', image, state, ...more }] });
const init = (state: object, more: object = {}) =>
  pod({ initContainerStatuses: [{ name: 'restore', state, ...more }] });
const event = (reason: string, message: string, count = 1): PodEvent => ({
  reason,
  message,
  count,
  involvedObject: { name: 'blog-1', uid: 'u1' },
});
const pullFailed = (count: number, why = 'not found') =>
  event('Failed', `Failed to pull image "${image}": ${why}`, count);
const backOff = { waiting: { reason: 'ImagePullBackOff', message: `Back-off pulling image "${image}"` } };

describe('the cause of a pod', () => {
  it('is none while it has only just begun, and when it runs', () => {
    expect(podCause(pod({}))).toBeUndefined();
    expect(podCause(main({ waiting: { reason: 'ContainerCreating' } }))).toBeUndefined();
    expect(podCause(main({ running: {} }, { ready: true }))).toBeUndefined();
    expect(podCause(init({ terminated: { exitCode: 0 } }))).toBeUndefined();
  });

  it('names an image that is never pulled, which lasts', () => {
    const cause = podCause(main({ waiting: { reason: 'ErrImageNeverPull' } }));
    expect(cause).toMatchObject({ kind: 'image', lasting: true, words: expect.stringContaining(image) });
  });

  it('takes an image that cannot be pulled for lasting at the third failure, not before', () => {
    expect(podCause(main(backOff), [pullFailed(2)])).toMatchObject({ kind: 'image', lasting: false });
    expect(podCause(main(backOff), [pullFailed(3)])).toMatchObject({ kind: 'image', lasting: true });
    expect(podCause(main(backOff), [pullFailed(1, '429 toomanyrequests')])?.words).toContain(
      'limits the pulls',
    );
  });

  it('does not count what was said of another pod of the same name', () => {
    const other = { ...pullFailed(9), involvedObject: { name: 'blog-1', uid: 'u0' } };
    expect(podCause(main(backOff), [other])).toMatchObject({ lasting: false });
  });

  it('is a container that crashes, with exit code, times and last words, which may pass', () => {
    const last = { terminated: { exitCode: 3, message: 'starting\nno route to db\n' } };
    const cause = podCause(
      main({ waiting: { reason: 'CrashLoopBackOff' } }, { restartCount: 4, lastState: last }),
    );
    expect(cause).toEqual({
      words: 'pod blog-1: container main ended with exit code 3, 5 times: no route to db',
      kind: 'crash',
      lasting: false,
    });
  });

  it('is memory where the kernel killed it, with its limit', () => {
    const last = { terminated: { exitCode: 137, reason: 'OOMKilled' } };
    const cause = podCause(
      main({ waiting: { reason: 'CrashLoopBackOff' } }, { restartCount: 1, lastState: last }),
    );
    expect(cause).toMatchObject({ kind: 'memory', words: expect.stringContaining('limit 64Mi') });
  });

  it('is the key that a Secret lacks', () => {
    const message = "couldn't find key password in Secret apps/db";
    const cause = podCause(main({ waiting: { reason: 'CreateContainerConfigError', message } }));
    expect(cause).toMatchObject({ kind: 'config', lasting: false, words: expect.stringContaining(message) });
  });

  it('is an init container that fails, which lasts at the third time with the same words', () => {
    const failed = (message: string) => ({ terminated: { exitCode: 1, message } });
    const at = (restartCount: number, now: string, before: string) =>
      podCause(init(failed(now), { restartCount, lastState: failed(before) }));
    expect(at(1, 'no backup', 'no backup')).toMatchObject({ kind: 'init', lasting: false });
    expect(at(2, 'no backup', 'no backup')).toMatchObject({ kind: 'init', lasting: true });
    expect(at(2, 'no backup', 'S3 does not answer')).toMatchObject({ lasting: false });
  });

  it("is the scheduler's words for a pod that is not placed", () => {
    const message = "0/1 nodes are available: didn't find available persistent volumes to bind";
    const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }];
    expect(podCause(pod({ conditions }))).toMatchObject({
      kind: 'schedule',
      words: expect.stringContaining(message),
    });
  });

  it('of several pods is one that lasts before one that may pass', () => {
    const crash = main({ terminated: { exitCode: 1 } });
    const never = main({ waiting: { reason: 'ErrImageNeverPull' } });
    expect(podsCause([crash, never], [])).toMatchObject({ kind: 'image' });
    expect(podsCause([], [])).toBeUndefined();
  });
});
