import { messageOf } from '../errors.ts';
import { type Payload, readPayload } from '../identity/payload.ts';

/** What the event that started this job says of a range, before a repository is asked. */
export type Told =
  | { readonly kind: 'everything'; readonly reason: string }
  /** From one tree to another. */
  | { readonly kind: 'trees'; readonly base: string; readonly forced: boolean; readonly reason: string }
  /** From where `branch` was left. */
  | { readonly kind: 'branch'; readonly branch: string; readonly reason: string }
  | { readonly kind: 'pull request'; readonly base: string; readonly head: string }
  /** No event: somebody's own clone. */
  | { readonly kind: 'clone' };

const zeros = /^0+$/;

/** What changed is told by the event, where it is one that changes something; any other rebuilds everything. */
export async function toldByEvent(env: NodeJS.ProcessEnv): Promise<Told> {
  const event = env['GITHUB_EVENT_NAME'] ?? '';
  if (event === '') return { kind: 'clone' };
  try {
    return told(event, await readPayload(env['GITHUB_EVENT_PATH']));
  } catch (thrown) {
    return everything(`the payload of the event cannot be read: ${messageOf(thrown)}`);
  }
}

function told(event: string, payload: Payload): Told {
  switch (event) {
    case 'push':
      return toldByPush(payload);
    case 'pull_request': {
      const { base, head } = payload.pull_request ?? {};
      if (base === undefined || head?.sha === undefined)
        return everything('the event does not say what is pulled');
      return { kind: 'pull request', base: base.sha, head: head.sha };
    }
    case 'merge_group': {
      const base = payload.merge_group?.base_sha;
      if (base === undefined) return everything('the event does not say what is merged');
      return { kind: 'trees', base, forced: false, reason: 'what the merge group adds' };
    }
    default:
      return everything(`the event ${event} has no range of commits`);
  }
}

function toldByPush({ ref, before, forced, deleted, repository }: Payload): Told {
  if (ref === undefined || before === undefined) return everything('the event does not say what was pushed');
  if (ref.startsWith('refs/tags/')) return everything('a tag was pushed, and a tag is a state and no change');
  if (deleted === true) return everything('a branch was deleted');
  if (!zeros.test(before))
    return { kind: 'trees', base: before, forced: forced === true, reason: 'what was pushed' };
  const main = repository?.default_branch;
  if (!main) return everything('the branch is new, and the event names no default branch');
  if (ref === `refs/heads/${main}`) return everything(`this is the first push of ${main}`);
  return { kind: 'branch', branch: main, reason: `the branch is new: what it has beside ${main}` };
}

function everything(reason: string): Told {
  return { kind: 'everything', reason };
}
