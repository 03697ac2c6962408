import type { Diagnostic } from './events.ts';
import { flat } from './words.ts';

/**
 * Errors that arrive as text and not as events: `init` has no machine-readable form under Terragrunt, and Terragrunt's
 * own HCL errors have none at all. Taken from what OpenTofu 1.12 and Terragrunt 1.1 print:
 *
 *     Error: Invalid expression
 *
 *       on main.tf line 2, in resource "terraform_data" "a":
 *        2:   input =
 *
 *     Expected the start of an expression …
 *
 *     /live/engine/terragrunt.hcl:2,16-26: Unknown variable; There is no variable named "dependency".
 */
export function printedErrors(text: string): Diagnostic[] {
  const hcl = hclError(text);
  return hcl === undefined ? engineErrors(text) : [hcl];
}

/** Terragrunt repeats an engine's whole output behind a `* Failed to execute …`, indented; the first print counts. */
const repeated = /^(?:error occurred:|\* Failed to execute)/m;

function engineErrors(text: string): Diagnostic[] {
  if (!/^\s*(?:│ )?Error: .+\n/m.test(text) || repeated.test(text)) return [];
  return text
    .replaceAll(/^[│╷╵] ?/gm, '')
    .split(/^(?=Error: )/m)
    .filter((part) => part.startsWith('Error: '))
    .flatMap((part) => {
      const [, summary, rest = ''] = /^Error: ([^\n]+)\n([\s\S]*)$/.exec(part) ?? [];
      if (summary === undefined) return [];
      const place = /^ +on (.+) line (\d+)(?:, in [^\n]*)?:\n(?: +\d+: [^\n]*\n)*/m.exec(rest);
      const address = /^ +with ([^\s,]+),$/m.exec(rest)?.[1];
      const detail = rest.replace(place?.[0] ?? '', '').replace(/^ +with [^\s,]+,$/m, '');
      return [
        {
          severity: 'error' as const,
          summary: summary.trim(),
          detail: flat(detail),
          ...(address === undefined ? {} : { address }),
          ...(place === null ? {} : { range: rangeAt(place[1] ?? '', place[2] ?? '', '1') }),
        },
      ];
    });
}

const hclForm = /^(\/\S+\.hcl):(\d+),(\d+)(?:-[\d,]+)?: ([^;\n]+); (.+)$/m;

/** What stands before it in the same message (which dependency has no outputs) is the reason, so it stays with it. */
function hclError(text: string): Diagnostic | undefined {
  const [whole, file, line, column, summary, detail] = hclForm.exec(text) ?? [];
  if (whole === undefined || summary === undefined) return undefined;
  const reason = flat(text.slice(0, text.indexOf(whole)));
  return {
    severity: 'error',
    summary,
    detail: [flat(detail ?? ''), reason].filter((part) => part !== '').join(' '),
    range: rangeAt(file ?? '', line ?? '', column ?? ''),
  };
}

function rangeAt(filename: string, line: string, column: string): NonNullable<Diagnostic['range']> {
  return { filename, start: { line: Number(line), column: Number(column) } };
}
