import { z } from 'zod';
import type { Captured } from '../command.ts';
import { PhoenixError } from '../errors.ts';
import { shownPath } from '../paths.ts';
import { errorLines } from './ask.ts';

/** `terragrunt hcl validate --json` (1.1.1): one entry a finding on stdout, nothing at all where there is none. */
const findings = z.array(
  z.object({
    severity: z.string(),
    summary: z.string(),
    detail: z.string().default(''),
    range: z.object({ filename: z.string(), start: z.object({ line: z.int(), column: z.int() }) }).optional(),
  }),
);
type Finding = z.output<typeof findings>[number];

const shownAtMost = 10;

/** PHX-PLAN-HCL where the tree's HCL does not parse or evaluate, with file, line and the parser's words. */
export function hclError({ stdout }: Captured): PhoenixError | undefined {
  const [first, ...others] = parse(stdout).filter(({ severity }) => severity === 'error');
  if (first === undefined) return undefined;
  const also = others
    .slice(0, shownAtMost)
    .map((finding) => `\n        ${place(finding)}  ${finding.summary}`);
  const unlisted = others.length - also.length;
  const at = first.range && {
    file: shownPath(first.range.filename),
    line: first.range.start.line,
    column: first.range.start.column,
  };
  return new PhoenixError({
    code: 'PHX-PLAN-HCL',
    class: 'plan',
    what: `The Terragrunt files have an error: ${first.summary}.`,
    why: `${first.detail || 'Terragrunt says no more.'}${also.join('')}${unlisted > 0 ? `\n        … and ${unlisted} more.` : ''}`,
    next: 'Correct it there; `terragrunt hcl validate` in the live folder checks all files.',
    ...(at === undefined ? {} : { at }),
  });
}

/** PHX-PLAN-HCL for a validation that failed without a finding in JSON: with what Terragrunt printed instead. */
export function validationError({ code, stderr }: Captured): PhoenixError | undefined {
  if (code === 0) return undefined;
  return new PhoenixError({
    code: 'PHX-PLAN-HCL',
    class: 'plan',
    what: 'Terragrunt finds an error in the live folder.',
    why:
      errorLines(stderr).slice(0, shownAtMost).join('\n        ') ||
      `It exited with ${code} and said nothing.`,
    next: 'Run `terragrunt hcl validate` in the live folder.',
  });
}

function parse(stdout: string): Finding[] {
  if (stdout.trim() === '') return [];
  try {
    return findings.parse(JSON.parse(stdout));
  } catch {
    // Not the form of this version: the exit code still tells, and stderr is shown.
    return [];
  }
}

function place({ range }: Finding): string {
  return range === undefined ? '' : `${shownPath(range.filename)}:${range.start.line}:${range.start.column}`;
}
