import type { Castle } from '../castle/load.ts';
import { PhoenixError, toPhoenixError } from '../errors.ts';
import { reachMilestone } from '../verify/milestone.ts';
import { noteFailure, type Progress } from './progress.ts';
import type { Run } from './run.ts';

/**
 * Milestones in the making. They are watched from the moment the token is claimed, beside the layers; without a
 * claim, when the layers are done.
 */
export interface MilestoneWatch {
  /** Starts watching; the first call counts. */
  begin(): void;
  /** Gives up on what is not reached yet, because the run can no longer get there. */
  abandon(reason: PhoenixError): void;
  /** Resolves when every milestone is reached, missed or given up. */
  finished(): Promise<void>;
}

export function watchMilestones(
  run: Run,
  progress: Progress,
  fetch: typeof globalThis.fetch,
): MilestoneWatch {
  const given = new AbortController();
  const signal = AbortSignal.any([run.signal, given.signal]);
  let watching: Promise<unknown> | undefined;
  for (const { name, withinSeconds } of run.castle.milestones) {
    progress.milestones.set(name, { name, seconds: undefined, targetSeconds: withinSeconds });
  }
  const reach = async ({ name, withinSeconds, all }: (typeof run.castle.milestones)[number]) => {
    const span = run.ledger.open(name, 'milestone');
    try {
      const { access, claimed } = progress;
      const gitops = access && claimed && { cluster: access.cluster, sha: claimed.head.sha };
      const seconds = await reachMilestone(
        { name, targetSeconds: withinSeconds, all: all.map((check) => supported(check, run.castle)) },
        {
          gitops,
          log: run.log,
          signal,
          fetch,
          elapsed: () => run.ledger.seconds() - run.toolsReady,
        },
      );
      progress.milestones.set(name, { name, seconds, targetSeconds: withinSeconds });
      span.close('ok');
      run.log.from(name, `milestone reached at ${seconds.toFixed(1)} s`);
    } catch (thrown) {
      span.close('failed');
      noteFailure(progress, name, toPhoenixError(thrown));
    }
  };
  return {
    begin() {
      watching ??= Promise.all(run.castle.milestones.map(reach));
    },
    abandon(reason) {
      given.abort(reason);
    },
    async finished() {
      await watching;
    },
  };
}

type Check = Castle['milestones'][number]['all'][number];

/** Refuses, before anything is changed, milestones that cannot be verified: a check left out is not a pass. */
export function supported(check: Check, { claim }: Castle): Exclude<Check, { kind: 'database' }> {
  if (check.kind === 'database') {
    throw new PhoenixError({
      code: 'PHX-VERIFY-DATABASE',
      class: 'input',
      what: 'A milestone asks for a database check.',
      why: 'This version of Phoenix verifies Kustomizations and pages, not databases.',
      next: 'Take the `database` check out of the milestone, and check the database by other means.',
    });
  }
  if (check.kind !== 'http' && claim === undefined) {
    throw new PhoenixError({
      code: 'PHX-VERIFY-REVISION',
      class: 'input',
      what: 'A milestone asks for a Kustomization, but the castle claims no token.',
      why: 'Only the claimed token tells which revision the Kustomization must be Ready at.',
      next: 'Add a `claim` to the castle file, or verify an address by `http`.',
    });
  }
  return check;
}
