import { ask, type Terragrunt } from './ask.ts';
import { findArguments, parseFound } from './find.ts';
import { findCycle, type GraphNode } from './graph.ts';

/**
 * The cycle among the units that Terragrunt left out of its answer; undefined where there is none among them.
 *
 * Terragrunt itself does not name it: `find` only warns, and `hcl validate` sees cycles of `dependency` blocks but not
 * of `dependencies { paths }`. Asked for one unit alone, `find` does give its dependencies (1.1.1), so the way is
 * walked unit by unit until it meets itself.
 */
export async function findCycleAmong(
  missing: readonly string[],
  liveDir: string,
  terragrunt: Terragrunt,
): Promise<string[] | undefined> {
  const suspects = new Set(missing);
  const known = new Map<string, GraphNode>();
  for (const start of missing) {
    const open = [start];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (known.has(id)) continue;
      const dependencies = await dependenciesOf(id, liveDir, terragrunt);
      known.set(id, { id, dependencies: dependencies.filter((dependency) => suspects.has(dependency)) });
      const cycle = findCycle([...known.values()]);
      if (cycle !== undefined) return cycle;
      open.push(...dependencies.filter((dependency) => suspects.has(dependency)));
    }
  }
  return undefined;
}

async function dependenciesOf(
  unit: string,
  liveDir: string,
  terragrunt: Terragrunt,
): Promise<readonly string[]> {
  const answer = parseFound(await ask(terragrunt, [...findArguments, '--filter', `{./${unit}}`], liveDir));
  const self = answer.units.find(({ id }) => id === unit);
  // Alone and still left out because of a cycle: the unit depends on itself.
  return self?.dependencies ?? (answer.cycle ? [unit] : []);
}
