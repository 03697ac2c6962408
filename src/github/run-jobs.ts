import { z } from 'zod';
import type { Edge } from '../edge.ts';
import { messageOf } from '../errors.ts';
import { jobToken, openGitHub } from './api.ts';

const moment = z.iso.datetime();

const jobSchema = z.object({
  name: z.string(),
  created_at: moment,
  started_at: moment.nullish(),
  runner_name: z.string().nullish(),
});

/** A job of this workflow run as GitHub has it; times in whole seconds, by GitHub's clock. */
export interface RunJob {
  /** In a reusable workflow `CALLER / NAME`. */
  readonly name: string;
  /** When it was queued. */
  readonly createdAt: number;
  /** When a runner took it; undefined while none has. */
  readonly startedAt: number | undefined;
  readonly runner: string | undefined;
}

/** However slow GitHub is: times are a word more in the report, and no job waits for them. */
const withinMs = 10_000;

/**
 * The jobs of this attempt of the workflow run. Empty where GitHub does not tell: outside Actions, without a token, or
 * without the permission `actions: read`, which a private repository asks for. Never throws.
 */
export async function runJobs(edge: Pick<Edge, 'env' | 'self' | 'redactor' | 'log'>): Promise<RunJob[]> {
  const { env, log } = edge;
  const [run, attempt] = [Number(env['GITHUB_RUN_ID']), Number(env['GITHUB_RUN_ATTEMPT'] ?? '1')];
  const token = jobToken(env);
  if (env['GITHUB_ACTIONS'] !== 'true' || token === '' || !Number.isSafeInteger(run)) return [];
  try {
    const { octokit, owner, repo } = await openGitHub(edge, token);
    const jobs = await octokit.paginate(
      'GET /repos/{owner}/{repo}/actions/runs/{run}/attempts/{attempt}/jobs',
      {
        ...{ owner, repo, run, attempt, per_page: 100 },
        request: { signal: AbortSignal.timeout(withinMs) },
      },
    );
    return z
      .array(jobSchema)
      .parse(jobs)
      .map(({ name, created_at: created, started_at: started, runner_name: runner }) => ({
        name,
        createdAt: Date.parse(created),
        startedAt: started ? Date.parse(started) : undefined,
        runner: runner || undefined,
      }));
  } catch (thrown) {
    log.debug(`what GitHub knows of the jobs could not be read: ${messageOf(thrown)}`);
    return [];
  }
}
