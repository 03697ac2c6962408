import { PhoenixError } from '../errors.ts';
import { readPayload } from './payload.ts';

/** The pull request that a job is for. */
export interface PullRequest {
  /** Undefined where the event does not tell. */
  readonly number: number | undefined;
}

/**
 * The pull request of this job, whose branch lies in the castle's own repository; undefined where the job is for none.
 * Throws PHX-PLAN-FORK for a fork's: to plan is to run its code (providers, modules, Terragrunt's `run_cmd` and hooks) on
 * this machine, and who may not push here must not.
 */
export async function ownPullRequest(env: NodeJS.ProcessEnv): Promise<PullRequest | undefined> {
  if (env['GITHUB_EVENT_NAME'] !== 'pull_request') return undefined;
  const { repository, pull_request: pull } = await readPayload(env['GITHUB_EVENT_PATH']);
  const own = repository?.full_name;
  const from = pull?.head.repo?.full_name;
  if (pull === undefined || own === undefined || from !== own) throw ofFork(from);
  return { number: pull.number };
}

function ofFork(from: string | undefined): PhoenixError {
  return new PhoenixError({
    code: 'PHX-PLAN-FORK',
    class: 'identity',
    what: 'A pull request from a fork is not planned.',
    why: `It comes from ${from === undefined ? 'a repository that the event does not name' : `\`${from}\``}, and to plan is to run its code on this machine: providers, modules, hooks.`,
    next: 'Read it; if it is good, push its commits to a branch of this repository and open the pull request from there.',
  });
}
