import type { Rule } from '../model.ts';
import { objectRules } from './objects.ts';
import { treeRules } from './tree.ts';

/** Every rule, in the order of docs/gitops-lint.md. */
export const rules: readonly Rule[] = [...treeRules, ...objectRules];
