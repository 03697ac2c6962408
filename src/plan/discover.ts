import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { PhoenixError } from '../errors.ts';
import type { Log } from '../log.ts';
import { didYouMean } from '../near.ts';
import { shownPath } from '../paths.ts';
import { ask, type Terragrunt } from './ask.ts';
import { findCycleAmong } from './cycle.ts';
import { findArguments, parseFound } from './find.ts';
import { buildGraph, cycleError } from './graph.ts';
import { unitsOnDisk } from './units.ts';
import { hclError, validationError } from './validate.ts';

/** One Terragrunt unit. */
export interface Layer {
  /** The unit's path relative to the live folder, e.g. `platform`. */
  readonly name: string;
  /** The unit's folder, absolute. */
  readonly dir: string;
  /** Names of the layers that must be applied before it. */
  readonly dependencies: readonly string[];
}

/**
 * The layers of a live folder, each after all that it depends on.
 *
 * Terragrunt's own answer is not enough: it exits 0 and leaves units out where there is a cycle, where a unit does not
 * parse, and where a dependency does not exist (1.1.1; terragrunt#6856). So its answer is held against the disk and
 * against `hcl validate`. Throws a PhoenixError PHX-PLAN-…, which names the file or the cycle.
 */
export async function discover(
  options: Terragrunt & { readonly liveDir: string; readonly log: Log },
): Promise<Layer[]> {
  const { liveDir: given, log } = options;
  // Below a folder that is itself a symlink Terragrunt finds nothing.
  const liveDir = await realpath(given).catch(() => given);
  const onDisk = await unitsOnDisk(liveDir);
  const [listed, validated] = await Promise.all([
    ask(options, findArguments, liveDir),
    ask(options, ['hcl', 'validate', '--json'], liveDir),
  ]);
  refuse(hclError(validated));
  const { units, stacks, cycle } = parseFound(listed);
  const answered = new Set(units.map(({ id }) => id));
  const missing = onDisk.filter((unit) => !answered.has(unit));
  if (cycle || missing.length > 0) {
    const found = await findCycleAmong(missing, liveDir, options);
    throw found === undefined ? leftOut(missing, liveDir) : cycleError(found);
  }
  for (const { id, dependencies } of units) {
    for (const dependency of dependencies) {
      if (!answered.has(dependency)) throw await dangling(liveDir, id, dependency, onDisk);
    }
  }
  refuse(validationError(validated));
  for (const stack of stacks) {
    log.warn(`${join(stack, 'terragrunt.stack.hcl')} counts only by the units that are generated from it.`);
  }
  const graph = buildGraph(units);
  return graph.order.map((name) => ({
    name,
    dir: join(liveDir, name),
    dependencies: graph.dependencies.get(name) ?? [],
  }));
}

function refuse(error: PhoenixError | undefined): void {
  if (error !== undefined) throw error;
}

function leftOut(missing: readonly string[], liveDir: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-PLAN-LEFT-OUT',
    class: 'plan',
    what: `Terragrunt leaves out ${missing.map((unit) => `\`${unit}\``).join(', ') || 'units'}.`,
    why: 'The folder holds a terragrunt.hcl, but `terragrunt find` does not list it.',
    next: `Run \`terragrunt find --log-level debug\` in ${shownPath(liveDir)} to see why.`,
  });
}

async function dangling(
  liveDir: string,
  unit: string,
  dependency: string,
  known: readonly string[],
): Promise<PhoenixError> {
  const file = join(liveDir, unit, 'terragrunt.hcl');
  const outside = dependency.startsWith('..') || dependency.startsWith('/');
  const line = lineOf(await readFile(file, 'utf8').catch(() => ''), dependency);
  return new PhoenixError({
    code: 'PHX-PLAN-DANGLING',
    class: 'plan',
    what: `The layer \`${unit}\` depends on \`${dependency}\`, which is no layer.`,
    why: outside
      ? `It lies outside the live folder ${shownPath(liveDir)}, so Phoenix would never apply it.`
      : `There is no ${shownPath(join(liveDir, dependency, 'terragrunt.hcl'))}.${didYouMean(dependency, known)}`,
    next: 'Correct the path in the `dependency` block, or write the missing unit.',
    at: { file: shownPath(file), ...(line === undefined ? {} : { line }) },
  });
}

/** The line that names the dependency, where the path is written out; it may as well come from an included file. */
function lineOf(text: string, dependency: string): number | undefined {
  const last = dependency.slice(dependency.lastIndexOf('/') + 1);
  const index = text
    .split('\n')
    .findIndex((line) => line.includes(`/${last}"`) && !/^\s*(?:#|\/\/)/.test(line));
  return index < 0 ? undefined : index + 1;
}
