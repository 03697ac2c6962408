import { join } from 'node:path';
import type { Castle } from '../castle/load.ts';
import { castleTree } from '../gitops/castle.ts';
import { lint } from '../gitops/lint.ts';
import type { GitopsFinding, Tree } from '../gitops/model.ts';
import { shown } from '../gitops/report.ts';
import { shownPath } from '../paths.ts';
import { printable } from '../report/printable.ts';
import { type Check, failedBy, ok, type PlacedFinding, skipped } from './check.ts';

export const gitopsTree: Check = {
  id: 'gitops.tree',
  why: 'A mistake in the tree shows only when Flux applies it, after every layer has run.',
  async look({ castle }) {
    // Asked for alone, it must not end well for a tree that it could not even find.
    if (castle instanceof Error) return failedBy(castle);
    if (castle.gitops === undefined) return skipped('the castle file has no `gitops`');
    const tree = castleTree(castle, castle.gitops);
    const objects = tree.nodes.reduce((sum, { resources }) => sum + resources.length, 0);
    const looked = `${counted(tree.nodes.length, 'Kustomization')} with ${counted(objects, 'object')} from ${shownPath(join(tree.root, tree.entry))}`;
    const findings = lint(tree).map((finding) => placed(finding, castle));
    if (findings.length === 0) return ok(`${looked}: nothing found${left(tree)}`);
    const errors = findings.filter(({ severity }) => severity === 'error').length;
    const found = [
      ...(errors === 0 ? [] : [counted(errors, 'error')]),
      ...(errors === findings.length ? [] : [counted(findings.length - errors, 'warning')]),
    ];
    return {
      status: errors === 0 ? 'warning' : 'failed',
      saw: `${found.join(' and ')} in ${looked}${left(tree)}`,
      next: 'Change what each finding says; docs/gitops-lint.md tells of every rule.',
      findings,
    };
  },
};

const mostNames = 10;

/** `; 2 of 9 Kustomizations not looked at: infra/other (it comes from …), …`; '' where all were. */
function left({ nodes, beyond = 0 }: Tree): string {
  const unread = nodes.flatMap(({ name, namespace, unread }) =>
    unread === undefined ? [] : [`${shown(namespace)}/${shown(name)} (${unread})`],
  );
  const count = unread.length + beyond;
  if (count === 0) return '';
  const names = unread.slice(0, mostNames);
  const more = count - names.length;
  const each = [...names, ...(more > 0 ? [`${more} more`] : [])].join(', ');
  return `; ${count} of ${nodes.length + beyond} Kustomizations not looked at: ${each}`;
}

function placed({ at, rule, severity, what, why, fix }: GitopsFinding, castle: Castle): PlacedFinding {
  const file = shownPath(join(castle.gitops?.dir ?? castle.dir, at.file));
  const words = { what: printable(what), why: printable(why), fix: printable(fix) };
  return { rule, severity, file, line: at.line, column: at.column, ...words };
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
