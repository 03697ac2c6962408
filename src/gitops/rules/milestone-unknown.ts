import { didYouMean } from '../../near.ts';
import { isWhole } from '../inspect.ts';
import type { Rule } from '../model.ts';

export const milestoneUnknown: Rule = {
  id: 'milestone-unknown',
  look(tree) {
    const { nodes, milestones = [] } = tree;
    return isWhole(tree)
      ? milestones
          .filter(({ name }) => nodes.every((node) => node.name !== name))
          .map(({ milestone, name, at }) => ({
            rule: 'milestone-unknown',
            severity: 'error',
            at,
            what: `The milestone \`${milestone}\` waits for the Kustomization \`${name}\`, which the tree has not.${didYouMean(
              name,
              nodes.map((node) => node.name),
            )}`,
            why: 'It is never reached, and the rebirth fails after everything else has come up.',
            fix: 'Name a Kustomization that the entry applies.',
          }))
      : [];
  },
};
