import type { GitopsFinding, Rule, Tree } from './model.ts';
import { rules } from './rules/all.ts';

/** What the rules find, errors first, then by place. */
export function lint(tree: Tree, by: readonly Rule[] = rules): GitopsFinding[] {
  const found = by.flatMap((rule) => rule.look(tree));
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

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
