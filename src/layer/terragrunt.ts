import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { PhoenixError } from '../errors.ts';
import { parseJson } from '../json.ts';
import type { Operation } from './job.ts';

const lockTimeoutSeconds = 10;

/** The arguments that apply or destroy one unit, or only look at it: Terragrunt's own before `--`, the engine's after it. */
export function applyArguments(options: {
  /** `apply` where left out. */
  readonly operation?: Operation;
  readonly unit: string;
  readonly reportFile: string;
  readonly varFiles: readonly string[];
}): string[] {
  const own = ['run', '--working-dir', options.unit, '--non-interactive', '--no-color', '--no-tips'];
  const report = ['--log-format', 'json', '--report-file', options.reportFile, '--report-format', 'json'];
  const files = options.varFiles.map((file) => `-var-file=${file}`);
  return [...own, ...report, '--summary-disable', '--', ...engineArguments(options.operation), ...files];
}

function engineArguments(operation: Operation = 'apply'): string[] {
  switch (operation) {
    // No plan file: what would change is told by events, which hold addresses and no values.
    case 'plan':
      return ['plan', '-json', '-input=false', '-compact-warnings', '-lock=false'];
    case 'validate':
      return ['validate'];
    case 'apply':
    case 'destroy':
      // Somebody who only looks holds the lock for a moment.
      return [
        operation,
        '-json',
        '-auto-approve',
        '-input=false',
        '-compact-warnings',
        `-lock-timeout=${lockTimeoutSeconds}s`,
      ];
  }
}

/** Terragrunt's run report, schema v4, as far as one unit's verdict needs it. */
const runReport = z.array(
  z.object({
    Name: z.string(),
    Result: z.enum(['succeeded', 'failed', 'early exit', 'excluded']),
    Reason: z.string().optional(),
    /** Raw provider output, secrets included: never shown unredacted. */
    Cause: z.string().optional(),
  }),
);

export type UnitReport = z.infer<typeof runReport>[number];

/** The report of the only unit that ran; undefined where there is none (a killed Terragrunt writes none). */
export async function readUnitReport(file: string): Promise<UnitReport | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const parsed = runReport.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new PhoenixError({
      code: 'PHX-LAYER-REPORT',
      class: 'layer',
      what: 'Terragrunt wrote a run report that Phoenix cannot read.',
      why: z.prettifyError(parsed.error),
      next: 'Use the pinned Terragrunt, or report the version you run.',
    });
  }
  return parsed.data[0];
}

const logLine = z.object({ level: z.string(), msg: z.string() });

/** One line of Terragrunt's own log (`--log-format json`, on stderr); lines of other shapes are kept as they are. */
export function parseTerragruntLine(line: string): { readonly level: string; readonly text: string } {
  const parsed = logLine.safeParse(parseJson(line));
  return parsed.success
    ? { level: parsed.data.level, text: parsed.data.msg.trim() }
    : { level: 'stderr', text: line };
}
