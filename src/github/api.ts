import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Edge } from '../edge.ts';
import { messageOf, PhoenixError } from '../errors.ts';
import type * as Library from './library.ts';
import { loadLibrary } from './load.ts';

type Octokit = ReturnType<typeof Library.getOctokit>;

/** GitHub's API for the repository of this job. */
export interface GitHub {
  readonly octokit: Octokit;
  readonly owner: string;
  readonly repo: string;
}

const tries = 4;
const pauseMs = 500;
/** Where GitHub asks for more patience than this, it is not waited for. */
const longestPauseMs = 60_000;

/** The job's own token: an input of the Action, else as workflows hand it to programs; empty where there is none. */
export function jobToken(env: NodeJS.ProcessEnv): string {
  return env['INPUT_TOKEN'] || env['GITHUB_TOKEN'] || '';
}

/** Opens the API with the job's token. Throws PHX-GITHUB-TOKEN where there is none, or no repository. */
export async function openGitHub(
  { env, redactor }: Pick<Edge, 'env' | 'redactor'>,
  token: string,
): Promise<GitHub> {
  const [owner, repo] = (env['GITHUB_REPOSITORY'] ?? '').split('/');
  if (token === '' || !owner || !repo)
    throw noToken(token === '' ? 'No token is given' : 'No repository is named');
  redactor.add('GitHub token', token);
  const { getOctokit } = await loadLibrary();
  const baseUrl = env['GITHUB_API_URL'];
  return { octokit: getOctokit(token, baseUrl ? { baseUrl } : {}), owner, repo };
}

/**
 * Asks GitHub, and again where it says that it is busy or that somebody else was at the same thing. Throws
 * PHX-GITHUB-API, with the permission that is missing where that is the cause.
 */
export async function asking<T>(what: string, permission: string, ask: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await ask();
    } catch (cause) {
      const status = statusOf(cause);
      const busy = status === 429 || (status === 403 && /secondary rate limit/i.test(messageOf(cause)));
      const passing = status === undefined || status >= 500 || busy || status === 409;
      const wait = askedToWait(cause) ?? pauseMs * 2 ** tried;
      if (passing && tried < tries && wait <= longestPauseMs) {
        await sleep(wait);
        continue;
      }
      throw refused(what, permission, status, cause);
    }
  }
}

/** The status of an answer; undefined where there was none. */
export function statusOf(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('status' in thrown)) return undefined;
  return typeof thrown.status === 'number' ? thrown.status : undefined;
}

/** Milliseconds by the answer's `retry-after`; undefined where it has none. */
function askedToWait(thrown: unknown): number | undefined {
  const { data } = refusal.safeParse(thrown);
  const seconds = Number(data?.response.headers['retry-after']);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

const refusal = z.object({ response: z.object({ headers: z.record(z.string(), z.unknown()) }) });

function refused(what: string, permission: string, status: number | undefined, cause: unknown): PhoenixError {
  const missing = (status === 403 && !/rate limit/i.test(messageOf(cause))) || status === 404;
  return new PhoenixError({
    code: 'PHX-GITHUB-API',
    class: 'report',
    what: `GitHub did not take this: ${what}.`,
    why: status === undefined ? messageOf(cause) : `It answered ${status}: ${messageOf(cause)}`,
    next:
      status === 410
        ? "Turn on in the repository's settings what was asked for (issues), or do not ask for it."
        : missing
          ? `Give the job \`permissions: { ${permission} }\`, and see that the repository's settings let its token have it.`
          : 'Run the job again.',
    cause,
  });
}

function noToken(why: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-GITHUB-TOKEN',
    class: 'input',
    what: 'GitHub cannot be asked.',
    why: `${why}: outside a job there is neither.`,
    next: "Run it in a workflow, where input `token` is the job's own by default.",
  });
}
