import { describe, expect, test } from 'vitest';
import { explain, PhoenixError } from '../../src/errors.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { renderSummary } from '../../src/report/summary.ts';
import { renderTerminal } from '../../src/report/terminal.ts';
import { sampleReport } from '../support/reports.ts';

const failing = (tail: readonly string[]) =>
  new PhoenixError({
    code: 'PHX-LAYER-FAILED',
    class: 'layer',
    what: 'Layer storage failed.',
    why: 'It broke.',
    next: 'Mend it.',
    tail,
  });
const reportOf = (tail: readonly string[], redact: (text: string) => string = (text) => text) =>
  sampleReport({ verdict: 'failed', failures: [{ name: 'storage', error: failing(tail) }], redact });
const terminal = (tail: readonly string[]) => renderTerminal(reportOf(tail), { color: false, width: 100 });

describe('the last lines of a failed layer', () => {
  test('are in the report, redacted; a report without them is still one', () => {
    const report = reportOf(['token=hunter2', 'done'], (text) => text.replaceAll('hunter2', '***'));
    expect(report.failures[0]?.tail).toEqual(['token=***', 'done']);
    expect(JSON.stringify(report)).not.toContain('hunter2');
    const older = { ...report, failures: report.failures.map(({ tail: _, ...rest }) => rest) };
    expect(reportSchema.parse(older).failures[0]?.tail).toEqual([]);
  });

  test('stand under the failure in the terminal, each behind a mark', () => {
    expect(terminal(['one', 'two'])).toContain('  next: Mend it.\n  last lines:\n      | one\n      | two\n');
    expect(terminal([])).not.toContain('last lines');
  });

  test('cannot pass for a workflow command or a line of Phoenix, nor move the cursor', () => {
    const hostile = ['::set-output name=x::y', '##[error]no', 'a\n::stop-commands::x', '\u001b[2Jgone'];
    for (const text of [terminal(hostile), explain(failing(hostile))]) {
      expect(text).not.toMatch(/^\s*::/m);
      expect(text).not.toContain('##[');
      expect(text).not.toContain('\u001b');
    }
  });

  test('are folded away in the job summary, as text that no markup can leave', () => {
    const summary = renderSummary(reportOf(['</pre></details><h1>x', '<script>']));
    expect(summary).toContain('<details><summary>The last 2 lines of storage</summary>');
    expect(summary).not.toMatch(/<h1>|<script>/);
    expect(summary.match(/<\/details>/g)).toHaveLength(1);
    expect(renderSummary(reportOf([]))).not.toContain('<details>');
  });

  test('are left out of a full page before the cause is', () => {
    const tail = Array.from({ length: 40 }, () => 'x'.repeat(390));
    const summary = renderSummary(reportOf(tail), { limitBytes: 4096 });
    expect(summary).toContain('It broke.');
    expect(summary).not.toContain('<details>');
    expect(summary).toContain('**Shortened**');
  });
});
