import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isHeartbeat, parseEngineLine, shownText } from '../../src/layer/events.ts';
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

  test('is what was begun and not finished, and how much of the plan is done; reading changes nothing', () => {
    const at = (type: string, addr: string, action: string) =>
      line({ type, hook: { resource: { addr }, action } });
    const seen = observe(
      line({ type: 'change_summary', changes: { add: 3, change: 0, remove: 1, operation: 'plan' } }),
      at('apply_start', 'data.x.d', 'read'),
      at('apply_start', 't.a', 'delete'),
      at('apply_complete', 't.a', 'delete'),
      at('apply_start', 't.a', 'create'),
      at('apply_complete', 't.a', 'create'),
      at('apply_start', 't.b', 'create'),
      at('apply_errored', 't.b', 'create'),
      at('apply_start', 't.c', 'update'),
    );
    expect([...seen.begun]).toEqual([
      ['t.b', 'create'],
      ['t.c', 'update'],
    ]);
    expect([...seen.completed]).toEqual(['t.a']);
    expect([seen.finished, seen.toDo]).toEqual([2, 4]);
    expect(seen.claimed).toEqual(new Map([['t.a', 'present']]));
  });

  test("is alive at its last word, but the engine's own reminder is no word", () => {
    let now = 1000;
    const observer = createObserver(() => now);
    const say = (text: string) => observer.event(parseEngineLine(text));
    const hooked = (type: string, output?: string) =>
      line({ type, hook: { resource: { addr: 't.a' }, action: 'create', ...(output && { output }) } });
    expect(observer.seen.lastLife).toBe(1000);
    const steps: [() => void, number][] = [
      [() => say(hooked('apply_start')), 2000],
      [() => say(hooked('apply_progress')), 2000],
      [() => say(hooked('provision_progress', 'still cloning')), 4000],
      [() => observer.line('retrying'), 5000],
      [() => say(hooked('refresh_start')), 6000],
      [() => say(hooked('apply_progress')), 6000],
    ];
    for (const [step, expected] of steps) {
      now += 1000;
      step();
      expect(observer.seen.lastLife).toBe(expected);
    }
    expect(isHeartbeat(parseEngineLine(hooked('apply_progress')))).toBe(true);
    expect(isHeartbeat(parseEngineLine(hooked('provision_progress', 'x')))).toBe(false);
  });

  test('has the errors that init and Terragrunt print as text, once each, with their place', () => {
    const observer = createObserver();
    const init =
      'Error: Invalid expression\n\n  on main.tf line 2, in resource "terraform_data" "a":\n   2:   input = \n\nExpected the start of an expression, but found an\ninvalid expression token.\n';
    observer.line(init);
    observer.line(`error occurred:\n\n* Failed to execute "tofu init" in ./x\n  \n  ${init}`);
    observer.line('Error: Unknown variable');
    observer.line('on /live/b/terragrunt.hcl line 2:');
    observer.line(
      'resolving dependency "a" outputs: /live/a/terragrunt.hcl is a dependency of /live/b/terragrunt.hcl but detected no outputs.\n\n/live/b/terragrunt.hcl:2,16-26: Unknown variable; There is no variable named "dependency".',
    );
    expect(observer.seen.errors).toEqual([
      {
        severity: 'error',
        summary: 'Invalid expression',
        detail: 'Expected the start of an expression, but found an invalid expression token.',
        range: { filename: 'main.tf', start: { line: 2, column: 1 } },
      },
      {
        severity: 'error',
        summary: 'Unknown variable',
        detail: expect.stringMatching(/^There is no variable named "dependency"\. .*detected no outputs\.$/),
        range: { filename: '/live/b/terragrunt.hcl', start: { line: 2, column: 16 } },
      },
    ]);
  });

  test('has every error of one print, with and without the frame that a terminal gets', () => {
    const observer = createObserver();
    observer.line(
      '╷\n│ Error: First\n│ \n│   with terraform_data.a,\n│   on m/main.tf line 3, in resource "terraform_data" "a":\n│    3: x\n│ \n│ It broke.\n╵\n╷\n│ Error: Second\n│ \n│ So did this.\n╵',
    );
    expect(observer.seen.errors).toEqual([
      {
        severity: 'error',
        summary: 'First',
        detail: 'It broke.',
        address: 'terraform_data.a',
        range: { filename: 'm/main.tf', start: { line: 3, column: 1 } },
      },
      { severity: 'error', summary: 'Second', detail: 'So did this.' },
    ]);
  });

  test('names the dependencies whose outputs Terragrunt made up', () => {
    const observer = createObserver();
    observer.line(
      'Config /live/a/terragrunt.hcl is a dependency of /live/b/terragrunt.hcl that has no outputs, but mock outputs provided and returning those in dependency output.',
    );
    expect(observer.seen.mocked).toEqual(['/live/a/terragrunt.hcl']);
  });

  test('keeps its last lines short, whole words only, and a word without end by its length', () => {
    const observer = createObserver();
    observer.line(`${'long '.repeat(79)}canary-that-is-cut\n\n${'x'.repeat(5000)}`);
    expect(observer.seen.tail).toEqual([
      `${'long '.repeat(79).trimEnd()} …`,
      '(5000 characters without a space)',
    ]);
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
