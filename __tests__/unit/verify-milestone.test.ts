import { describe, expect, it } from 'vitest';
import type { Probe } from '../../src/castle/probes.ts';
import type { Cluster } from '../../src/cluster/client.ts';
import type { LadderResult } from '../../src/database/ladder.ts';
import { PhoenixError } from '../../src/errors.ts';
import { silentLog } from '../../src/log.ts';
import { reachMilestone } from '../../src/verify/milestone.ts';
import type { ProbeResult } from '../../src/verify/result.ts';

const database: Probe = { kind: 'database', upTo: 'V6' };
const kustomizations: Probe = { kind: 'kustomizations' };

const ladder = (why: string, passes: boolean): LadderResult => ({
  ...{ is: 'failed', passes, rungs: [], restore: null, rpoSeconds: null, witness: null },
  error: new PhoenixError({
    code: 'PHX-DB-RESTORE',
    class: 'verify',
    what: 'No restore.',
    why,
    next: 'Wait.',
  }),
});

/** A cluster in which no Kustomization ever comes, and that lets nobody watch. */
const empty = {
  list: async () => [],
  waitForAll: () => Promise.reject(new Error('forbidden')),
} as unknown as Cluster;

async function reached(look: LadderResult, seconds: number) {
  const results: ProbeResult[] = [];
  const end = reachMilestone(
    { name: 'stack', withinSeconds: seconds, all: [kustomizations, database] },
    {
      ...{ cluster: empty, sha: 'a'.repeat(40), pods: undefined, database: async () => look, log: silentLog },
      ...{ signal: new AbortController().signal, elapsed: () => 0 },
      onResult: (result) => results.push(result),
    },
  );
  const error = await end.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { error, results };
}

describe('a milestone', () => {
  it('that is missed says what every probe saw last, the one that looks at one thing first', async () => {
    const { error, results } = await reached(ladder('S3 unreachable.', true), 0.5);
    expect(error).toMatchObject({
      code: 'PHX-VERIFY-MILESTONE',
      what: expect.stringMatching(/^Waited 1 s for milestone stack: the database/),
      why: 'Last seen: No restore. S3 unreachable. there is no Kustomization yet.',
      next: 'Wait.',
    });
    expect(results.map(({ verdict }) => verdict)).toEqual(['failed', 'failed']);
  });

  it('one of whose probes will not pass by itself ends the others, and says only that', async () => {
    const began = performance.now();
    const { error, results } = await reached(ladder('backup corrupted.', false), 600);
    expect(error).toMatchObject({
      what: 'Milestone stack: the database will not come by itself.',
      why: 'Last seen: No restore. backup corrupted.',
    });
    expect(results).toHaveLength(2);
    expect(performance.now() - began).toBeLessThan(600_000);
  });
});
