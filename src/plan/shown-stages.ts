import type { Stage } from './stages.ts';

/** A leg as the workflow's matrix has it. */
export interface ShownLeg {
  /** Of its job and of what it leaves behind: letters, digits, `.`, `_` and `-`, and no other leg's. */
  readonly name: string;
  /** For `only:` of the command `layers`. */
  readonly layers: string;
}

const longestName = 60;

/** The stages as outputs and `plan --json` give them; `shown` is a node's name as people write it. */
export function shownStages(stages: readonly Stage[], shown: (id: string) => string): ShownLeg[][] {
  const taken = new Set<string>();
  return stages.map((stage) =>
    stage.map(({ nodes }) => {
      const names = nodes.map(shown);
      const name = unlike(taken, nameOf(names));
      taken.add(name);
      return { name, layers: names.join(',') };
    }),
  );
}

function nameOf(names: readonly string[]): string {
  const whole = names.join('-');
  const [first, last] = [names[0] ?? '', names.at(-1) ?? ''];
  const name = whole.length <= longestName ? whole : `${first}-to-${last}-${names.length}-layers`;
  // A nested unit's path: neither a job's artifact nor a file can be called by a slash.
  return name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').slice(-longestName);
}

function unlike(taken: ReadonlySet<string>, name: string): string {
  if (!taken.has(name)) return name;
  for (let number = 2; ; number += 1) if (!taken.has(`${name}-${number}`)) return `${name}-${number}`;
}
