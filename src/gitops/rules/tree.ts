import type { Rule } from '../model.ts';
import { readRules } from '../report.ts';
import { crBesideCrd, crdNotBefore } from './crds.ts';
import { dependsOnCycle, dependsOnUnknown } from './depends-on.ts';
import { fastTrackOnData } from './fast-track-on-data.ts';
import { milestoneUnknown } from './milestone-unknown.ts';
import { namespaceBefore } from './namespace-before.ts';
import { substitutionMissing } from './substitution-missing.ts';
import { waitOnHeavy } from './wait-on-heavy.ts';

/** The rules about the tree as a whole: what can be built, and what waits for what. In the order of docs/gitops-lint.md. */
export const treeRules: readonly Rule[] = [
  ...readRules.map((id): Rule => ({ id, look: ({ broken }) => broken.filter(({ rule }) => rule === id) })),
  dependsOnUnknown,
  dependsOnCycle,
  crBesideCrd,
  crdNotBefore,
  waitOnHeavy,
  fastTrackOnData,
  milestoneUnknown,
  namespaceBefore,
  substitutionMissing,
];
