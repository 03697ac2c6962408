import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseEngineLine, shownText } from '../../src/layer/events.ts';
import { createObserver } from '../../src/layer/observe.ts';
import { parseTerragruntLine } from '../../src/layer/terragrunt.ts';
import { holds } from '../support/property.ts';

const line = (fields: object) =>
  JSON.stringify({
    '@level': 'info',
    '@message': 'words',
    '@timestamp': '2026-11-23T20:00:00.000Z',
    ...fields,
  });
const hook = (more: object) => ({ hook: { resource: { addr: 'terraform_data.a' }, ...more } });

function observe(...lines: readonly string[]) {
  const observer = createObserver();
  for (const each of lines) observer.event(parseEngineLine(each));
  return observer.seen;
}

describe("a line of the engine's output", () => {
  test('is an event of the kinds that are acted on', () => {
    const text = line({ type: 'apply_complete', ...hook({ action: 'create', elapsed_seconds: 2 }) });
    expect(parseEngineLine(text)).toMatchObject({
      type: 'apply_complete',
      hook: { action: 'create', resource: { addr: 'terraform_data.a' } },
    });
  });

  test('of a kind that nobody knows yet is its message; what is no JSON is kept as it is', () => {
    expect(parseEngineLine(line({ type: 'hologram' }))).toEqual({ type: 'other', text: 'words' });
    expect(parseEngineLine('{"half":')).toEqual({ type: 'other', text: '{"half":' });
    expect(parseEngineLine('panic: runtime error')).toEqual({ type: 'other', text: 'panic: runtime error' });
  });

  test('never makes the reader throw, whatever it is', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record({ type: fc.constantFrom('diagnostic', 'version', 'change_summary'), x: fc.jsonValue() })
        .map(line),
    );
    holds(
      fc.property(anything, (text) => {
        shownText(parseEngineLine(text));
        expect(observe(text).tail.length).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('is shown to people where it tells of progress, an error, or what a provisioner says; the rest is not', () => {
    const shown = (fields: object) => shownText(parseEngineLine(line(fields)));
    const diagnostic = (severity: string) => ({
      type: 'diagnostic',
      diagnostic: { severity, summary: 'It broke', detail: '' },
    });
    expect(shown({ type: 'apply_start', ...hook({ action: 'create' }) })).toBe('words');
    expect(shown({ type: 'provision_progress', ...hook({ output: 'hello' }) })).toBe('  hello');
    expect(shown({ type: 'provision_progress', ...hook({ output: 'Executing: ["sh"]' }) })).toBeUndefined();
    expect(shown(diagnostic('error'))).toBe('error: It broke');
    expect(shown(diagnostic('warning'))).toBeUndefined();
    expect(shown({ type: 'refresh_start', ...hook({}) })).toBeUndefined();
  });
});

describe('what was observed of a layer', () => {
  test('is its errors, its summary and the last word about each address', () => {
    const complete = (action: string) => line({ type: 'apply_complete', ...hook({ action }) });
    const changes = { add: 1, change: 0, remove: 1, operation: 'apply' };
    const seen = observe(
      line({ type: 'version' }),
      line({ type: 'change_summary', changes: { ...changes, operation: 'plan' } }),
      complete('delete'),
      complete('create'),
      line({ type: 'diagnostic', diagnostic: { severity: 'error', summary: 'It broke' } }),
      line({ type: 'diagnostic', diagnostic: { severity: 'warning', summary: 'It may break' } }),
      line({ type: 'change_summary', changes }),
    );
    expect(seen.claimed).toEqual(new Map([['terraform_data.a', 'present']]));
    expect(seen.errors.map(({ summary }) => summary)).toEqual(['It broke']);
    expect(seen.changes).toMatchObject({ add: 1, remove: 1 });
    expect(seen.planned).toBe(Date.parse('2026-11-23T20:00:00.000Z'));
  });

  test('has no closing summary while there was only that of the plan', () => {
    const changes = { add: 1, change: 0, remove: 0, operation: 'plan' };
    expect(observe(line({ type: 'change_summary', changes })).changes).toBeUndefined();
  });

  test('stays small however much a layer says', () => {
    const diagnostic = line({ type: 'diagnostic', diagnostic: { severity: 'error', summary: 'It broke' } });
    const seen = observe(
      ...Array.from({ length: 500 }, (_, index) => (index % 2 ? diagnostic : `line ${index}`)),
    );
    expect(seen.tail).toHaveLength(40);
    expect(seen.tail.at(-2)).toBe('line 498');
    expect(seen.errors).toHaveLength(40);
  });
});

test("a line of Terragrunt's log is its level and message; any other line is taken for stderr", () => {
  expect(parseTerragruntLine('{"level":"error","msg":"  it broke \\n"}')).toEqual({
    level: 'error',
    text: 'it broke',
  });
  expect(parseTerragruntLine('Killed')).toEqual({ level: 'stderr', text: 'Killed' });
  expect(parseTerragruntLine('{"msg":1}')).toEqual({ level: 'stderr', text: '{"msg":1}' });
});
