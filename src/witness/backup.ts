import type { WitnessSettings } from '../castle/witness.ts';
import type { Cluster } from '../cluster/client.ts';
import { findPod } from '../cluster/find-pod.ts';
import type { Pods } from '../cluster/pods.ts';
import { messageOf, PhoenixError } from '../errors.ts';

/** Takes a backup in its pod. Throws PHX-WITNESS-BACKUP where the program does not end with 0. */
export async function takeBackup(
  { pod: reference, container, command, withinSeconds }: NonNullable<WitnessSettings['backup']>,
  {
    cluster,
    pods,
    signal,
  }: { readonly cluster: Pick<Cluster, 'read' | 'list'>; readonly pods: Pods; readonly signal: AbortSignal },
): Promise<void> {
  const program = command[0] ?? '';
  try {
    const pod = await findPod(cluster, reference);
    if (pod === undefined) throw refused('There is no such pod.');
    const { namespace } = reference;
    const where = { namespace, pod: pod.metadata?.name ?? '', container };
    const { code, stdout, stderr } = await pods.exec({
      ...where,
      command,
      withinMs: withinSeconds * 1000,
      signal,
    });
    if (code === 0) return;
    const last = `${stdout}\n${stderr}`.trim().split('\n').at(-1)?.trim() || 'It printed nothing';
    throw refused(`${program} ended with ${code}. ${last}`);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof PhoenixError ? error : refused(messageOf(error), error);
  }
}

function refused(why: string, cause?: unknown): PhoenixError {
  return new PhoenixError({
    code: 'PHX-WITNESS-BACKUP',
    class: 'cluster',
    what: 'The backup between the rows of the witness was not taken: nothing was destroyed.',
    why,
    next: 'Run the command of `destroy.witness.backup` in that pod by hand, put right what it says, and run again. `--without-witness` destroys without a proof that the backup has the last rows.',
    cause,
  });
}
