import { realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Castle } from '../castle/load.ts';
import type { Terragrunt } from '../plan/ask.ts';
import type { Layer } from '../plan/discover.ts';
import { descendants, type Graph } from '../plan/graph.ts';
import { changesOf } from './changes.ts';
import { openRepository } from './git.ts';
import { rangeOf } from './range.ts';
import { type Removed, removedUnits } from './removed.ts';
import { type Touched, touch } from './touch.ts';

/** What a range of commits touches. */
export interface Affected {
  /** `BASE..END`, two commits; null where nothing is compared. */
  readonly range: string | null;
  /** Why this range; where everything counts, why. */
  readonly reason: string;
  /** In the order of dependencies. */
  readonly layers: readonly AffectedLayer[];
  readonly removed: readonly Removed[];
  /** The GitOps tree is touched: the cluster takes it by itself, and then has to be verified. */
  readonly gitops: boolean;
}

export interface AffectedLayer {
  readonly name: string;
  /** Files from the repository's root; or in words, such as `depends on platform`. */
  readonly because: readonly string[] | string;
}

export interface AffectedOptions {
  readonly castle: Castle;
  readonly layers: readonly Layer[];
  /** Layers and gates. */
  readonly graph: Graph;
  readonly terragrunt: Terragrunt;
  /** The revision to compare with; empty: as the event says. */
  readonly base: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * The layers that a range of commits touches, and all that depend on them. It never finds too few: a change that no
 * layer is known to read, and that is not known to be read by none, touches all. Throws PHX-AFFECTED-….
 */
export async function findAffected(options: AffectedOptions): Promise<Affected> {
  const { castle, base, env, terragrunt } = options;
  const repository = await openRepository(await realpath(castle.dir), { env, signal: terragrunt.signal });
  const range = await rangeOf(repository, { base, env });
  const all = (reason: string, more: Partial<Affected> = {}): Affected => ({
    ...{ range: null, removed: [], gitops: castle.gitops !== undefined, ...more },
    reason: `everything: ${reason}`,
    layers: options.graph.order
      .filter((id) => isLayer(id, options))
      .map((name) => ({ name, because: reason })),
  });
  if (range.base === undefined) return all(range.reason);
  const live = relative(repository.root, castle.liveDir);
  const present = new Set(options.layers.map(({ name }) => name));
  const told = {
    range: `${range.base}..${range.end}`,
    removed: await removedUnits(repository, range.base, live, present),
  };
  const changes = await changesOf(repository, range);
  const touched =
    changes === undefined
      ? { everything: 'git does not tell what differs' }
      : await touch(
          changes,
          { base: range.base, removed: told.removed.map(({ name }) => join(live, name)) },
          repository,
          options,
        );
  if ('everything' in touched) return all(touched.everything, told);
  return { ...told, reason: range.reason, gitops: touched.gitops, layers: withDependents(touched, options) };
}

function withDependents(
  { layers: touched }: Extract<Touched, { layers: unknown }>,
  options: AffectedOptions,
): AffectedLayer[] {
  const { graph } = options;
  const direct = [...touched.keys()].filter((name) => isLayer(name, options));
  const wanted = new Set([...direct, ...descendants(graph, direct)]);
  return graph.order
    .filter((id) => wanted.has(id) && isLayer(id, options))
    .map((name) => {
      const cause = graph.dependencies.get(name)?.find((id) => wanted.has(id)) ?? '';
      return { name, because: touched.get(name) ?? `depends on ${cause.replace(/^gate:/, '')}` };
    });
}

function isLayer(id: string, { layers }: Pick<AffectedOptions, 'layers'>): boolean {
  return layers.some(({ name }) => name === id);
}
