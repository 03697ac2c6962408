import { error as annotate, setOutput, summary, warning } from '@actions/core';
import type { CommandResult } from './commands/result.ts';
import type { PlacedFinding } from './doctor/check.ts';
import { PhoenixError } from './errors.ts';
import type { LayerVerdict, Report } from './report/schema.ts';
import { renderSummary } from './report/summary.ts';

/** The Action's outputs and job summary of a run; of a page only where one was written. */
export async function writeOutputs(
  report: Report,
  files: { readonly report: string; readonly page?: string | undefined },
  redact: (text: string) => string,
): Promise<void> {
  const outputs = {
    verdict: report.verdict,
    report: files.report,
    ...(files.page === undefined ? {} : { page: files.page }),
    'wall-seconds': String(report.wallSeconds),
    'error-code': report.error?.code ?? '',
  };
  await summary.addRaw(redact(renderSummary(report))).write();
  setOutputs(outputs, redact);
}

/** The outputs and the job summary of a command that makes no report. */
export async function writeResult(
  { outputs = {}, summary: text, error }: Pick<CommandResult, 'outputs' | 'summary' | 'error'>,
  redact: (text: string) => string,
): Promise<void> {
  if (text !== undefined) await summary.addRaw(redact(text)).write();
  refuseLarge(outputs);
  setOutputs(outputs, redact);
  if (error !== undefined) writeFailure(error);
}

/** All or none: a next job must not begin with half of them. */
function setOutputs(outputs: Readonly<Record<string, string>>, redact: (text: string) => string): void {
  for (const [name, value] of Object.entries(outputs)) refuseMasked(name, value, redact);
  for (const [name, value] of Object.entries(outputs)) setOutput(name, value);
}

/** GitHub counts two bytes a character, of all outputs of a job together. */
const mostOutputBytes = 1024 * 1024;

function refuseLarge(outputs: Readonly<Record<string, string>>): void {
  const bytes = Object.entries(outputs).reduce((sum, pair) => sum + 2 * pair.join('').length, 0);
  if (bytes <= mostOutputBytes) return;
  throw new PhoenixError({
    code: 'PHX-PLAN-TOO-LARGE',
    class: 'plan',
    what: 'The plan is too large to hand on to other jobs.',
    why: `Its outputs take ${Math.ceil(bytes / 1024)} KiB, and GitHub takes 1024 KiB of a job.`,
    next: 'Give layers shorter paths, plan fewer at once (only, from), or use the mode `job`, which hands none of them on.',
  });
}

/** The runner drops a job's output that holds a masked value and says so only in a warning: the next job reads nothing. */
function refuseMasked(name: string, value: string, redact: (text: string) => string): void {
  if (redact(value) === value && !value.includes('***')) return;
  throw new PhoenixError({
    code: 'PHX-OUTPUT-MASKED',
    class: 'report',
    what: `The output ${name} would not reach the next job.`,
    why: 'It holds the value of a secret, or a mask, and the runner drops such an output without an error.',
    next:
      name === 'report' || name === 'page'
        ? `Give the ${name} a path (input ${name}) that holds no secret.`
        : 'Give the secret whose value is a common word another value.',
  });
}

const halfDone = new Set<LayerVerdict>(['failed', 'cancelled', 'skipped']);

/** The post step's own summary, with the layers that are half-done and how to go on; each of these as an annotation. */
export async function writeAftermath(report: Report, redact: (text: string) => string): Promise<void> {
  await summary.addRaw(redact(renderSummary(report))).write();
  for (const { name, verdict, note } of report.layers) {
    if (note === undefined || !halfDone.has(verdict)) continue;
    warning(redact(note), { title: `Layer ${name}: ${verdict}` });
  }
}

/** The outputs of a run that ended before it could make a report: a refused input, a castle file with a mistake. */
export function writeFailure(error: PhoenixError): void {
  setOutput('verdict', error.class === 'cancelled' ? 'cancelled' : 'failed');
  setOutput('error-code', error.code);
}

/** The runner shows ten of a step and drops the rest without a word. */
const mostAnnotations = 10;

/** Each error as an annotation; what the runner would drop is counted in the last. */
export function annotateErrors(errors: readonly PhoenixError[], redact: (text: string) => string): void {
  const shown = errors.length > mostAnnotations ? errors.slice(0, mostAnnotations - 1) : errors;
  for (const error of shown) annotateError(error, redact);
  if (shown.length < errors.length)
    annotate(`${errors.length - shown.length} more errors stand in the log and in the report.`);
}

/** Each caution as a warning of the job. */
export function annotateCautions(cautions: readonly string[], redact: (text: string) => string): void {
  for (const caution of cautions) warning(redact(caution));
}

/** Each finding at its place, the worst first; one error is left for the run's own, and what is not shown is counted. */
export function annotateFindings(findings: readonly PlacedFinding[], redact: (text: string) => string): void {
  for (const severity of ['error', 'warning'] as const) {
    const tell = severity === 'error' ? annotate : warning;
    const all = findings.filter((each) => each.severity === severity);
    const room = mostAnnotations - 1;
    const shown = all.length > room ? all.slice(0, room - 1) : all;
    for (const { rule, file, line, column, what, why, fix } of shown) {
      const place = { file, startLine: line, startColumn: column };
      tell(redact(`${what} ${why} ${fix}`), { title: rule, ...place });
    }
    const left = all.length - shown.length;
    if (left > 0) tell(`${left} more of this kind stand in the log.`);
  }
}

/** The error as an annotation; where it stands in a file, the annotation stands there. */
function annotateError(error: PhoenixError, redact: (text: string) => string): void {
  const { at } = error;
  const place =
    at === undefined
      ? {}
      : {
          file: at.file,
          ...(at.line === undefined ? {} : { startLine: at.line }),
          ...(at.column === undefined ? {} : { startColumn: at.column }),
        };
  annotate(redact(`${error.what} ${error.why} ${error.next}`), { title: error.code, ...place });
}
