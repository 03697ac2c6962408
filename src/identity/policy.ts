import type { Castle } from '../castle/load.ts';
import { PhoenixError } from '../errors.ts';
import { type Payload, readPayload } from './payload.ts';

/** Events that nobody without the right to push can cause. Every other one is refused, those of tomorrow included. */
const ownEvents = [
  'push',
  'schedule',
  'workflow_dispatch',
  'repository_dispatch',
  'deployment',
  'release',
  'workflow_run',
] as const;

/** What holds where neither the castle file nor the event says which branch is the one. */
const usualRefs = ['refs/heads/main', 'refs/heads/master'];

type Bound = Pick<Castle, 'box' | 'secrets' | 'allowedRefs'>;

/**
 * Refuses, before any token is asked for, a job whose code or input may come from people who may not push here, or that
 * runs for a ref from which the castle is not rebuilt. Says in words what may go on. Reads nothing but the environment
 * and the event's payload; what is no job of GitHub passes, unless it names a foreign event. A castle of the box passes too:
 * all that it is given are secrets made for it, by an issuer and an Infisical of its own, so that a pull request can be
 * rehearsed. Throws PHX-IDENTITY-EVENT, -FORK, -REF or -PAYLOAD.
 */
export async function refuseForeignJobs(env: NodeJS.ProcessEnv, castle?: Bound): Promise<string> {
  const event = env['GITHUB_EVENT_NAME'] ?? '';
  if (castle !== undefined && hasOnlyItsOwnSecrets(castle)) return 'a castle of the box has no real secrets';
  if (event !== '' && !(ownEvents as readonly string[]).includes(event)) throw foreignEvent(event);
  if (env['GITHUB_ACTIONS'] !== 'true') {
    return event === '' ? 'not started by an event of GitHub' : `the event ${event} may rebuild the castle`;
  }
  const payload = await readPayload(env['GITHUB_EVENT_PATH']);
  if (payload.repository?.fork === true) throw ofFork(payload.repository.full_name);
  const allowed = allowedRefs(castle, payload);
  const ref = env['GITHUB_REF'] ?? '';
  if (!allows(allowed, ref)) throw foreignRef(`the ref \`${ref}\``, allowed);
  if (event === 'workflow_run') refuseForeignRun(payload, env['GITHUB_REPOSITORY'] ?? '', allowed);
  return `the event ${event} may rebuild the castle from ${ref}`;
}

function hasOnlyItsOwnSecrets({ box, secrets: { source } }: Bound): boolean {
  // Infisical is the only source that the box brings itself; any other is what the machine really has.
  return box && (source === undefined || source.kind === 'infisical');
}

function allowedRefs(castle: Bound | undefined, { repository }: Payload): readonly string[] {
  if (castle?.allowedRefs !== undefined) return castle.allowedRefs;
  return repository?.default_branch ? [`refs/heads/${repository.default_branch}`] : usualRefs;
}

/** Exactly, or by what stands before a closing `*`. */
export function allows(allowed: readonly string[], ref: string): boolean {
  return allowed.some((one) => (one.endsWith('*') ? ref.startsWith(one.slice(0, -1)) : ref === one));
}

/** A workflow_run always has the default branch as its ref: whose work it goes on with stands in the payload only. */
function refuseForeignRun({ workflow_run: run }: Payload, repository: string, allowed: readonly string[]) {
  const from = run?.head_repository?.full_name;
  if (run === undefined || from === undefined || from !== repository) {
    const whose = from === undefined ? 'a repository that the event does not name' : `\`${from}\``;
    throw refusal(
      'PHX-IDENTITY-FORK',
      `A run that goes on with the work of ${whose} gets no secrets and rebuilds nothing.`,
      'The workflow that ended before this one ran the code of another repository, and may have left anything behind.',
      `Let workflow_run begin a rebirth only after workflows of ${repository || 'this repository'} itself.`,
    );
  }
  if (!(ownEvents as readonly string[]).includes(run.event))
    throw foreignEvent(run.event, 'workflow_run after ');
  const head = `refs/heads/${run.head_branch ?? ''}`;
  if (!allows(allowed, head)) throw foreignRef(`the branch \`${head}\` of the workflow before it`, allowed);
}

const nextEvent =
  'Run on push to a protected branch, workflow_dispatch or schedule; for pull requests use `command: plan` or `rehearse`.';

function foreignEvent(event: string, before = ''): PhoenixError {
  return refusal(
    'PHX-IDENTITY-EVENT',
    `A run for the event ${before}${event} gets no secrets and rebuilds nothing.`,
    'Such an event can carry code or input of people who may not push here.',
    nextEvent,
  );
}

function ofFork(repository: string): PhoenixError {
  return refusal(
    'PHX-IDENTITY-FORK',
    `A run in ${repository}, which is a fork, gets no secrets and rebuilds nothing.`,
    'A fork has the workflows of the castle and other people who may push.',
    'Run in the repository that it was forked from; if this is the castle itself now, let it leave the fork network (Settings, Danger Zone).',
  );
}

function foreignRef(what: string, allowed: readonly string[]): PhoenixError {
  return refusal(
    'PHX-IDENTITY-REF',
    `A run for ${what} gets no secrets and rebuilds nothing.`,
    `The castle is rebuilt from ${allowed.join(', ')} only.`,
    'Run on one of these, or add the ref to `allowed-refs` in the castle file, and to what the identity is bound to (`phoenix doctor --trust` shows it).',
  );
}

function refusal(code: string, what: string, why: string, next: string): PhoenixError {
  return new PhoenixError({ code, class: 'identity', what, why, next });
}
