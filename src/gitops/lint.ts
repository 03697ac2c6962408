import type { GitopsFinding, Rule, Tree } from './model.ts';
import { rules } from './rules/all.ts';

/** What the rules find, errors first, then by place. */
export function lint(tree: Tree, by: readonly Rule[] = rules): GitopsFinding[] {
  const found = by.flatMap((rule) => looked(rule, tree));
  const rank = ({ severity }: GitopsFinding) => (severity === 'error' ? 0 : 1);
  return found.toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      compare(a.at.file, b.at.file) ||
      a.at.line - b.at.line ||
      a.at.column - b.at.column ||
      compare(a.rule, b.rule),
  );
}

/** What one rule finds; where it fails, that, and the others go on. */
function looked(rule: Rule, tree: Tree): readonly GitopsFinding[] {
  try {
    return rule.look(tree);
  } catch (thrown) {
    return [
      {
        rule: rule.id,
        severity: 'error',
        at: tree.nodes[0]?.resource.at ?? { file: tree.entry, line: 1, column: 1 },
        // Its message may hold what stands in the tree.
        what: `The rule \`${rule.id}\` itself failed on this tree (${thrown instanceof Error ? thrown.name : typeof thrown}), so what it looks for was not found.`,
        why: 'That is a mistake of Phoenix, and the tree may hold one that this rule would have named.',
        fix: 'Report it with the part of the tree that you changed last; the other rules were not stopped by it.',
      },
    ];
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
