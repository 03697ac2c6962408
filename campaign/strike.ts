import { readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { endAll, type Found, killQuietly, processesOf } from '../__tests__/support/processes.ts';
import type { Job } from '../__tests__/support/runner/job.ts';
import type { Scenario } from './scenario.ts';
import { hold } from './state-files.ts';
import type { StateHost } from './state-host.ts';

export interface Struck {
  /** Seconds since the job's start. */
  readonly at: number;
  /** What was hit; undefined where the job was over before. */
  readonly hit: string | undefined;
}

const lookMs = 15;

/** Strikes the job once it has run for `seconds`. Returns when that is done, also where the job is over before. */
export async function strike(
  scenario: Scenario,
  job: Job,
  seconds: number,
  mark: string,
  server: StateHost | undefined,
): Promise<Struck> {
  const began = performance.now();
  const over = job.ended.then(
    () => 'over' as const,
    () => 'over' as const,
  );
  const waited = await Promise.race([over, sleep(seconds * 1000)]);
  if (waited !== 'over' && scenario.drainSeconds > 0 && server !== undefined)
    await hold(server.folder, 'writes', scenario.drainSeconds);
  const hit = waited === 'over' ? undefined : await land(scenario, job, mark, server, over);
  return { at: (performance.now() - began) / 1000, hit };
}

async function land(
  { strike: kind, gapSeconds, which }: Scenario,
  job: Job,
  mark: string,
  server: StateHost | undefined,
  over: Promise<'over'>,
): Promise<string | undefined> {
  const gap = () => Promise.race([over, sleep(gapSeconds * 1000)]);
  switch (kind) {
    case 'kill-main':
      return killStep(job, 'main');
    case 'kill-post': {
      job.cancel();
      if ((await job.reached('post')) === undefined) return 'main, cancelled; there is no post';
      await gap();
      return (await killStep(job, 'post')) ?? 'main, cancelled; post was over';
    }
    case 'kill-terragrunt':
      return killProgram('terragrunt', mark, which, over);
    case 'kill-tofu':
      return killProgram('tofu', mark, which, over);
    case 'kill-server':
      server?.kill();
      await sleep(gapSeconds * 1000);
      await server?.restart();
      return `the state server, for ${gapSeconds.toFixed(1)} s`;
    case 'power-cut':
      job.lose();
      return `${await endAll(mark)} processes`;
    case 'cancel':
      job.cancel();
      return 'main, cancelled';
    case 'cancel-twice':
      job.cancel();
      await gap();
      job.cancel();
      return `main, cancelled, and again after ${gapSeconds.toFixed(1)} s`;
    case 'force-cancel':
      job.force();
      return 'main, cancelled by force';
    case 'step-timeout':
      job.timeOut();
      return 'main, its time over';
    case 'service-stop':
      job.stopService();
      return 'the service, stopped';
  }
}

async function killStep(job: Job, phase: 'main' | 'post'): Promise<string | undefined> {
  const running = job.running();
  if (running?.phase !== phase || !killQuietly(running.pid)) return undefined;
  return `${phase} ${running.pid}`;
}

/** Kills one of the run's processes of that program; where there is none now, the next one that comes. */
async function killProgram(
  program: string,
  mark: string,
  which: number,
  over: Promise<'over'>,
): Promise<string | undefined> {
  for (;;) {
    const found = await running(program, mark);
    // Mostly one that applies: version queries and the like are many and have little to lose.
    const applying = found.filter(({ command }) => / apply( |$)/.test(command));
    const candidates = applying.length > 0 && which < 0.85 ? applying : found;
    const chosen = candidates[Math.floor(which * candidates.length)];
    if (chosen !== undefined && killQuietly(chosen.pid))
      return `${program} ${chosen.pid}: ${chosen.command.slice(0, 120)}`;
    if ((await Promise.race([over, sleep(lookMs)])) === 'over') return undefined;
  }
}

async function running(program: string, mark: string): Promise<Found[]> {
  const found: Found[] = [];
  for (const each of await processesOf(mark)) {
    const file = await readlink(`/proc/${each.pid}/exe`).catch(() => '');
    if (file.endsWith(`/${program}`)) found.push(each);
  }
  return found;
}
