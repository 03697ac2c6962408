import { z } from 'zod';
import { duration, kebabName, probeAddress, words } from './units.ts';

/** One condition of a milestone. */
export type MilestoneCheck =
  | { readonly kind: 'kustomization'; readonly name: string }
  | { readonly kind: 'kustomizations' }
  | { readonly kind: 'http'; readonly url: string; readonly contains?: string }
  | {
      readonly kind: 'database';
      readonly namespace: string;
      readonly cluster: string;
      readonly database?: string;
    };

/** A verified state with a time target, counted from when the tools are installed. */
export interface Milestone {
  readonly name: string;
  readonly withinSeconds: number;
  readonly all: readonly MilestoneCheck[];
}

const kinds = ['kustomization', 'kustomizations', 'http', 'database'] as const;
const oneKind =
  'exactly one of `kustomization`, `kustomizations`, `http` (with `contains` if wanted) and `database`';

const check = z
  .strictObject({
    kustomization: kebabName.optional().describe('A Kustomization, Ready at the expected revision'),
    kustomizations: z.literal('all').optional().describe('Every Kustomization, Ready'),
    http: probeAddress.optional().describe('An address that answers with 2xx'),
    contains: words.optional().describe('Text that the answer of `http` must contain'),
    database: z
      .strictObject({
        namespace: kebabName,
        cluster: kebabName.describe('Name of the database cluster'),
        database: words.optional().describe('Name of the database in it'),
      })
      .optional()
      .describe('A database that is out of recovery and answers queries'),
  })
  .refine((value) => kinds.filter((kind) => value[kind] !== undefined).length === 1, { error: oneKind })
  .refine((value) => value.contains === undefined || value.http !== undefined, { error: oneKind })
  .meta({
    oneOf: kinds.map((kind) => ({ required: [kind] })),
    dependentRequired: { contains: ['http'] },
  })
  .transform((value): MilestoneCheck => {
    if (value.kustomization !== undefined) return { kind: 'kustomization', name: value.kustomization };
    if (value.http !== undefined) {
      const { http: url, contains } = value;
      return { kind: 'http', url, ...(contains === undefined ? {} : { contains }) };
    }
    if (value.database !== undefined) {
      const { namespace, cluster, database } = value.database;
      return { kind: 'database', namespace, cluster, ...(database === undefined ? {} : { database }) };
    }
    return { kind: 'kustomizations' };
  });

const milestone = z.strictObject({
  within: duration.describe('Target, counted from when the tools are installed'),
  all: z.array(check).min(1, 'a list of at least one condition').describe('Conditions that must all hold'),
});

export const milestones = z
  .record(kebabName, milestone)
  .describe('Verified states with a time target')
  .transform((named): readonly Milestone[] =>
    Object.entries(named).map(([name, { within, all }]) => ({ name, withinSeconds: within, all })),
  );
