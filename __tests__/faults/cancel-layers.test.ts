import { readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { hold, stateFile } from '../../campaign/state-files.ts';
import { killQuietly, processesOf } from '../support/processes.ts';
import {
  type Cancelled,
  cancelledAt,
  expectLeft,
  expectWhole,
  hows,
  type Site,
} from '../support/runner/cancelled.ts';
import type { Job } from '../support/runner/job.ts';
import { journalTells, serverTells, soon } from '../support/runner/moments.ts';
import { warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

/** Longer than main may take to leave, so that only the post step can have waited for it. */
const heldSeconds = 5;

interface Phase {
  readonly name: string;
  readonly before?: (site: Site) => Promise<void>;
  readonly reach: (site: Site, job: Job) => Promise<unknown>;
  /** The layer that is half-done then, if the phase has one. */
  readonly halfDone?: string;
  readonly between?: (site: Site) => Promise<void>;
}

/** A state that is there already and holds nothing, so that the server has something to be slow with. */
async function emptyState({ states }: Site): Promise<void> {
  const text = { version: 4, terraform_version: '1.12.0', serial: 1, lineage: 'planted' };
  const rest = { outputs: {}, resources: [], check_results: null };
  await writeFile(stateFile(states, 'platform'), JSON.stringify({ ...text, ...rest }));
}

const platform = 'platform';
const big = (site: Site) => join(site.place.repository, 'live', 'big');

const phases: readonly Phase[] = [
  {
    name: 'vault',
    reach: ({ place }) => journalTells(place.home, 'vault', ({ type }) => type === 'vault'),
  },
  {
    name: 'init',
    before: emptyState,
    async reach({ place, states }) {
      await hold(states, 'reads', 60);
      await journalTells(place.home, 'attempt', ({ type }) => type === 'attempt');
      await serverTells(states, 'reading');
      await hold(states, 'reads', heldSeconds);
    },
    halfDone: platform,
  },
  {
    name: 'plan',
    before: emptyState,
    async reach({ states }) {
      await serverTells(states, 'locked');
      await hold(states, 'reads', heldSeconds);
      await sleep(100);
    },
    halfDone: platform,
  },
  {
    name: 'apply',
    reach: ({ place }) =>
      soon('the work of the provisioner', async () =>
        (await processesOf(place.mark)).find(({ command }) => command === 'sleep 1'),
      ),
    halfDone: platform,
  },
  {
    name: 'state write',
    async reach({ states }) {
      await hold(states, 'writes', 60);
      await serverTells(states, 'writing');
      await hold(states, 'writes', heldSeconds);
    },
    halfDone: platform,
  },
  {
    name: 'output read',
    async reach({ states }) {
      await serverTells(states, 'written');
      await hold(states, 'reads', heldSeconds);
      await serverTells(states, 'reading', 'unlocked');
    },
  },
  {
    name: 'report',
    // The leak audit reads it all, which takes it seconds.
    before: async (site) => {
      await writeFile(big(site), '');
      await truncate(big(site), 4 * 1024 ** 3);
    },
    reach: ({ place }) =>
      journalTells(
        place.home,
        'leak audit',
        (entry) => entry.type === 'phase' && entry.name === 'leak audit',
      ),
    between: (site) => rm(big(site)),
  },
];

/** After once and twice: everything is in order when the job is over, before any next run. */
async function expectOrder({ site, record, report }: Cancelled, halfDone: string | undefined) {
  expectLeft(record, report);
  expect(record.swept).toEqual([]);
  expect(await processesOf(site.place.mark)).toEqual([]);
  expect(await readdir(site.place.vaultRoot)).toEqual([]);
  await expectWhole(site);
  if (halfDone === undefined) return;
  const layer = report?.layers.find(({ name }) => name === halfDone);
  expect(layer).toBeDefined();
  if (layer?.verdict === 'applied' || layer?.verdict === 'unchanged') return;
  expect(layer).toMatchObject({ verdict: 'cancelled', note: expect.stringContaining(`--from ${halfDone}`) });
  expect(record.log).toContain(`::warning title=Layer ${halfDone}%3A cancelled::`);
}

describe.each(phases)('a run cancelled in its phase $name', ({ before, reach, halfDone, between }) => {
  test.each(hows)('%s: loses nothing, leaves nothing, and the next run is reborn', async (how) => {
    await cancelledAt(how, {
      ...(before === undefined ? {} : { before }),
      reach,
      async after(cancelled) {
        if (how !== 'forced') return expectOrder(cancelled, halfDone);
        expect(cancelled.record).toMatchObject({ main: { signal: 'SIGKILL' }, post: undefined });
      },
      ...(between === undefined ? {} : { between }),
    });
  });
});

describe('a post step', () => {
  /** Main is killed in the middle of a state's write, so that post has that to wait for. */
  const inPost = async ({ states }: Site, job: Job) => {
    await hold(states, 'writes', 60);
    await serverTells(states, 'writing');
    await hold(states, 'writes', heldSeconds);
    killQuietly(job.running()?.pid ?? 0);
    expect(await job.reached('post')).toBeDefined();
    await job.sees(/its engine \(process \d+\) outlived its run/);
  };

  test('that is at work when the job is cancelled is not disturbed, and ends all in order', async () => {
    await cancelledAt('once', {
      reach: inPost,
      async after({ site, record, report }) {
        expect(record.signals).toEqual([]);
        expect(record.post?.code, record.log).toBe(0);
        expect(report?.verdict).toBe('failed');
        expect(report?.error?.code).toBe('PHX-RUN-DIED');
        expect(await readdir(site.place.vaultRoot)).toEqual([]);
        await expectWhole(site);
      },
    });
  });

  test.each(['SIGINT', 'SIGKILL'] as const)(
    'that is ended by %s loses nothing: what it could not end, the next run ends',
    async (signal) => {
      await cancelledAt('once', {
        async reach(site, job) {
          await inPost(site, job);
          process.kill(job.running()?.pid ?? 0, signal);
        },
        async after({ record }) {
          // Whether post heeds an interrupt is its own affair; it is not asked to by the runner.
          if (signal === 'SIGKILL') expect(record.post?.signal).toBe(signal);
        },
      });
    },
  );
});
