import { type PhoenixError, toPhoenixError } from '../errors.ts';
import type { LookAtDatabase } from '../verify/database.ts';
import { needs } from '../verify/lookers.ts';
import { reachMilestone } from '../verify/milestone.ts';
import { openPodDesk } from '../verify/probe-pod.ts';
import { noteFailure, type Progress } from './progress.ts';
import type { Run } from './run.ts';
import { supported } from './supported.ts';

/**
 * Milestones in the making. They are watched from the moment the token is claimed, beside the layers; without a
 * claim, when the layers are done.
 */
export interface MilestoneWatch {
  /** Starts watching; the first call counts. */
  begin(): void;
  /** Gives up on what is not reached yet, because the run can no longer get there. */
  abandon(reason: PhoenixError): void;
  /** What was missed: one milestone's failure keeps no other from being reached. */
  readonly missed: ReadonlySet<PhoenixError>;
  /** Resolves when every milestone is reached, missed or given up. */
  finished(): Promise<void>;
}

export function watchMilestones(
  run: Run,
  progress: Progress,
  database: LookAtDatabase | undefined,
): MilestoneWatch {
  const given = new AbortController();
  const signal = AbortSignal.any([run.signal, given.signal]);
  let watching: Promise<unknown> | undefined;
  const missed = new Set<PhoenixError>();
  for (const { name, withinSeconds } of run.castle.milestones) {
    progress.milestones.set(name, { name, seconds: undefined, targetSeconds: withinSeconds });
  }
  const reach = async ({ name, withinSeconds, all }: (typeof run.castle.milestones)[number]) => {
    const span = run.ledger.open(name, 'milestone');
    try {
      const { access, claimed } = progress;
      const wanted = all.map((probe) => supported(probe, run.castle));
      const pods =
        access !== undefined && wanted.some((probe) => needs(probe).pod)
          ? openPodDesk(access.cluster, run.castle.verify.image)
          : undefined;
      await using _ends = pods;
      const seconds = await reachMilestone(
        { name, withinSeconds, all: wanted },
        {
          cluster: access?.cluster,
          sha: claimed?.head.sha,
          pods,
          database,
          log: run.log,
          signal,
          elapsed: () => run.ledger.seconds() - run.toolsReady,
          onResult: (result) => progress.probes.set(result.name, result),
        },
      );
      progress.milestones.set(name, { name, seconds, targetSeconds: withinSeconds });
      span.close('ok');
      run.log.from(name, `milestone reached at ${seconds.toFixed(1)} s`);
    } catch (thrown) {
      span.close('failed');
      const error = toPhoenixError(thrown);
      missed.add(error);
      noteFailure(progress, name, error);
    }
  };
  return {
    begin() {
      watching ??= Promise.all(run.castle.milestones.map(reach));
    },
    missed,
    abandon(reason) {
      given.abort(reason);
    },
    async finished() {
      await watching;
    },
  };
}
