import type { DatabaseSettings } from '../castle/database.ts';
import type { Cluster } from '../cluster/client.ts';
import { findPod } from '../cluster/find-pod.ts';
import type { Pods } from '../cluster/pods.ts';
import { messageOf } from '../errors.ts';
import type { Time } from '../lease/time.ts';
import { judgeBackups } from './backup-info.ts';
import { failing, type Judged } from './rungs.ts';

const askWithinMs = 60_000;

/** V0: asks pgBackRest in its pod. */
export async function lookAtBackups(
  stanza: string,
  { pod: reference, container, command, maxAgeSeconds }: NonNullable<DatabaseSettings['backup']>,
  {
    cluster,
    pods,
    signal,
    time,
  }: {
    readonly cluster: Pick<Cluster, 'read' | 'list'>;
    readonly pods: Pods;
    readonly signal: AbortSignal;
    readonly time: Pick<Time, 'wall'>;
  },
): Promise<Judged> {
  const unasked = (why: string) =>
    failing('PHX-DB-BACKUP', {
      seen: why,
      why,
      next: 'See that `database.backup` of the castle file names the pod and the container with pgBackRest, and that it runs.',
      passes: true,
    });
  const pod = await findPod(cluster, reference);
  if (pod === undefined) return unasked('The pod in which pgBackRest is asked does not exist yet.');
  try {
    const { namespace } = reference;
    const where = { namespace, pod: pod.metadata?.name ?? '', container };
    const { code, stdout, stderr } = await pods.exec({ ...where, command, withinMs: askWithinMs, signal });
    if (code === 0) return judgeBackups(stdout, { stanza, maxAgeSeconds, nowMs: time.wall() });
    const last = `${stdout}\n${stderr}`.trim().split('\n').at(-1)?.trim() || 'It printed nothing';
    return unasked(`${command[0] ?? ''} ended with ${code}. ${last}`);
  } catch (error) {
    signal.throwIfAborted();
    return unasked(`pgBackRest cannot be asked: ${messageOf(error)}.`);
  }
}
