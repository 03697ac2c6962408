import { PhoenixError } from '../errors.ts';
import { type Told, toldByEvent } from './event.ts';
import { commitOf, isShallow, mergeBase, type Repository } from './git.ts';

/** What is compared: two commits and why these, or nothing, and why everything counts. */
export type Range =
  | { readonly base: string; readonly end: string; readonly reason: string }
  | { readonly base?: undefined; readonly reason: string };

/**
 * The range of commits that a run is about: from `base` where one is named, else as the event says, else from where
 * this clone left the main branch. Whatever is uncertain is no range, so that everything counts. Throws
 * PHX-AFFECTED-SHALLOW where the clone lacks what would tell, and PHX-AFFECTED-BASE for a `base` that is no commit.
 */
export async function rangeOf(
  repository: Repository,
  { base, env }: { readonly base: string; readonly env: NodeJS.ProcessEnv },
): Promise<Range> {
  const end = await commitOf(repository, 'HEAD');
  if (base !== '') {
    const named = await commitOf(repository, base);
    if (named === undefined) throw (await isShallow(repository)) ? shallow(base) : unknownBase(base);
    return end === undefined
      ? { reason: 'there is no commit yet' }
      : { base: named, end, reason: `from ${base}` };
  }
  if (end === undefined) return { reason: 'there is no commit yet' };
  return byEvent(await toldByEvent(env), end, repository);
}

async function byEvent(told: Told, end: string, repository: Repository): Promise<Range> {
  switch (told.kind) {
    case 'everything':
      return { reason: told.reason };
    case 'trees':
      return fromTree(told, end, repository);
    case 'branch': {
      const main = await commitOf(repository, `refs/remotes/origin/${told.branch}`);
      if (main === undefined) return missing(repository, told.branch);
      return fromFork(main, end, told.reason, repository);
    }
    case 'pull request': {
      const [base, head] = await Promise.all([
        commitOf(repository, told.base),
        commitOf(repository, told.head),
      ]);
      if (base === undefined || head === undefined) return missing(repository, told.base);
      // What is checked out may be another commit, with work in it that the pull request has not.
      const parents = (await repository.ask('rev-list', '--parents', '--max-count=1', end))
        ?.trim()
        .split(' ');
      if (parents?.includes(head) !== true) return { reason: 'what is checked out is not the pull request' };
      return fromFork(base, head, 'what the pull request changes', repository);
    }
    case 'clone':
      return fromMain(end, repository);
  }
}

async function fromTree(
  { base, forced, reason }: Extract<Told, { kind: 'trees' }>,
  end: string,
  repository: Repository,
): Promise<Range> {
  const known = await commitOf(repository, base);
  if (known !== undefined) {
    const straight = (await repository.ask('merge-base', '--is-ancestor', known, end)) !== undefined;
    const how = straight ? reason : `${reason}, by force: all that differs from what was there before`;
    return { base: known, end, reason: how };
  }
  // No deeper clone has what was thrown away.
  if (forced) return { reason: `${base.slice(0, 12)}, from before the forced push, is not there any more` };
  return missing(repository, base);
}

async function fromFork(from: string, end: string, reason: string, repository: Repository): Promise<Range> {
  const fork = await mergeBase(repository, from, end);
  if (fork !== undefined) return { base: fork, end, reason };
  if (await isShallow(repository)) throw shallow(from);
  return { reason: `${end.slice(0, 12)} and ${from.slice(0, 12)} have no commit in common` };
}

async function missing(repository: Repository, what: string): Promise<Range> {
  if (await isShallow(repository)) throw shallow(what);
  return { reason: `this clone does not have ${what}` };
}

const mains = ['origin/HEAD', 'origin/main', 'origin/master', 'upstream/main', 'upstream/master'];

/** Somebody's clone: what is not on the main branch of where it came from; without one, beside the local one. */
async function fromMain(end: string, repository: Repository): Promise<Range> {
  const current = (await repository.ask('symbolic-ref', '--quiet', 'HEAD'))?.trim();
  const local = ['refs/heads/main', 'refs/heads/master'].filter((ref) => ref !== current);
  for (const ref of [...mains.map((name) => `refs/remotes/${name}`), ...local]) {
    const main = await commitOf(repository, ref);
    if (main !== undefined)
      return fromFork(main, end, `beside ${ref.replace(/^refs\/\w+\//, '')}`, repository);
  }
  return { reason: 'there is no main branch to compare with; --base names one' };
}

function shallow(wanted: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-AFFECTED-SHALLOW',
    class: 'input',
    what: 'What the commits touch cannot be told, for this clone is shallow.',
    why: `It does not reach back to ${wanted.slice(0, 80)}.`,
    next: 'Give actions/checkout `fetch-depth: 0`; in a clone of your own run `git fetch --unshallow`.',
  });
}

function unknownBase(base: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-AFFECTED-BASE',
    class: 'input',
    what: `There is no commit \`${base.slice(0, 80)}\`.`,
    why: '--base (Action: input base) must name a commit that this clone has.',
    next: 'Give a branch, a tag or a commit that `git rev-parse` knows, such as origin/main.',
  });
}
