import { z } from 'zod';
import { type Probe, probe } from './probes.ts';
import { duration, kebabName } from './units.ts';

/** A verified state with a time target, counted from when the tools are installed. */
export interface Milestone {
  readonly name: string;
  readonly withinSeconds: number;
  readonly all: readonly Probe[];
}

const milestone = z.strictObject({
  within: duration.describe('Target, counted from when the tools are installed'),
  all: z.array(probe).min(1, 'a list of at least one condition').describe('Conditions that must all hold'),
});

export const milestones = z
  .record(kebabName, milestone)
  .describe('Verified states with a time target')
  .transform((named): readonly Milestone[] =>
    Object.entries(named).map(([name, { within, all }]) => ({ name, withinSeconds: within, all })),
  );
