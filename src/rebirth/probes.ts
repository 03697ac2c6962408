import type { LookAtDatabase } from '../verify/database.ts';
import { needs } from '../verify/lookers.ts';
import { openPodDesk } from '../verify/probe-pod.ts';
import { runProbes } from '../verify/probes.ts';
import { skippedProbe } from '../verify/result.ts';
import { noteFailure, type Progress } from './progress.ts';
import type { Run } from './run.ts';
import { supported } from './supported.ts';

/**
 * Holds the castle to the probes of `verify`. After a failure a rebirth skips them, and says so of each; `verify` looks
 * all the same, since what it is asked for is the state of the castle.
 */
export async function verifyProbes(
  run: Run,
  progress: Progress,
  database: LookAtDatabase | undefined,
  when: 'if all went well' | 'whatever came before' = 'if all went well',
): Promise<void> {
  const { verify } = run.castle;
  const { access, claimed, failures } = progress;
  const [failure] = failures;
  if (run.signal.aborted || (failure !== undefined && when === 'if all went well')) {
    const reason = `${failure?.name ?? 'the run'} failed before`;
    for (const { name, probe } of verify.probes)
      progress.probes.set(name, skippedProbe(name, probe.kind, reason));
    return;
  }
  const probes = verify.probes.map(({ name, probe }) => ({ name, probe: supported(probe, run.castle) }));
  const pods =
    access !== undefined && probes.some(({ probe }) => needs(probe).pod)
      ? openPodDesk(access.cluster, verify.image)
      : undefined;
  await using _ends = pods;
  const context = {
    cluster: access?.cluster,
    sha: claimed?.head.sha,
    pods,
    database,
    log: run.log,
    signal: run.signal,
  };
  const results = await runProbes(probes, verify, context, (name, error) =>
    noteFailure(progress, name, error),
  );
  for (const result of results) progress.probes.set(result.name, result);
}
