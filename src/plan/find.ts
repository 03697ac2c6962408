import { z } from 'zod';
import type { Captured } from '../command.ts';
import { PhoenixError } from '../errors.ts';
import { parseJson } from '../json.ts';
import { errorLines } from './ask.ts';
import type { GraphNode } from './graph.ts';

/** `terragrunt find --json --dependencies` (1.1.1); empty fields are left out, paths are relative to the live folder. */
const found = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    dependencies: z.array(z.string()).default([]),
  }),
);

export const findArguments = ['find', '--json', '--dependencies', '--dag'] as const;

export interface Found {
  readonly units: readonly GraphNode[];
  /** Stacks are only recipes for units; Terragrunt lists the units once they are generated. */
  readonly stacks: readonly string[];
  /** Terragrunt drops the units of a cycle from its answer, with a warning and exit code 0. */
  readonly cycle: boolean;
}

/** Terragrunt's answer as it stands; what it left out is for the caller to see. Throws PHX-PLAN-FIND. */
export function parseFound({ code, stdout, stderr }: Captured): Found {
  const parsed = code === 0 ? found.safeParse(parseJson(stdout)) : undefined;
  if (!parsed?.success) {
    throw new PhoenixError({
      code: 'PHX-PLAN-FIND',
      class: 'plan',
      what: 'Terragrunt could not list the layers.',
      why:
        errorLines(stderr).slice(0, 10).join('\n        ') ||
        `It exited with ${code}, and its answer is not the list that \`terragrunt find --json\` gives.`,
      next: 'Run `terragrunt find --json --dependencies --dag` in the live folder, with the pinned version.',
    });
  }
  return {
    units: parsed.data
      .filter(({ type }) => type === 'unit')
      .map(({ path, dependencies }) => ({ id: path, dependencies })),
    stacks: parsed.data.filter(({ type }) => type === 'stack').map(({ path }) => path),
    cycle: /Cycle detected/i.test(stderr),
  };
}
