import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { PhoenixError } from '../../src/errors.ts';
import { helpText } from '../../src/help.ts';
import { commandNames, optionsOf, parseRequest, requestSchema } from '../../src/request.ts';

const shown = (option: string) => `--${option}`;

function refusal(raw: Readonly<Record<string, unknown>>): PhoenixError {
  try {
    parseRequest(raw, shown);
  } catch (error) {
    if (error instanceof PhoenixError) return error;
    throw error;
  }
  throw new Error('the request was taken');
}

describe('a request', () => {
  test('has what was not given by default', () => {
    expect(parseRequest({ command: 'rebirth' }, shown)).toEqual({
      command: 'rebirth',
      affected: false,
      base: '',
      castle: '',
      page: '',
      report: 'phoenix-report.json',
      only: [],
      trust: false,
      changes: false,
      comment: false,
      forecast: false,
      reports: '',
      history: false,
      drill: false,
      'dead-man': false,
      results: [],
      confirm: '',
      'from-nothing': false,
      'without-witness': false,
      from: '',
      mode: 'auto',
      node: 'none',
      runners: 1,
      fault: [],
    });
  });

  test('without a command, or with one that there is not, names those that there are and the near one', () => {
    expect(refusal({})).toMatchObject({
      code: 'PHX-INPUT-COMMAND',
      what: 'No command is given.',
      exitCode: 2,
    });
    expect(refusal({ command: 'rebrith' }).why).toContain('Did you mean `rebirth`?');
    expect(refusal({ command: 'constructor' }).code).toBe('PHX-INPUT-COMMAND');
  });

  test('with a seed that is no whole number from 0 up is refused by the name of the option', () => {
    for (const seed of ['x', '1.5', '-1']) {
      const error = refusal({ command: 'rehearse', seed });
      expect(error).toMatchObject({
        code: 'PHX-INPUT-VALUE',
        what: '--seed has a value that cannot be used.',
      });
    }
    expect(parseRequest({ command: 'rehearse', seed: '7' }, shown).seed).toBe(7);
  });

  test('with a number of runners that is none, or a mode that there is not, is told what there is', () => {
    for (const runners of ['0', '-2', '1.5', 'many', 'Infinity'])
      expect(refusal({ command: 'plan', runners }).why).toBe('It must be a whole number from 1 up.');
    expect(refusal({ command: 'plan', mode: 'jobs' }).why).toBe('It must be auto, job or matrix.');
    expect(parseRequest({ command: 'plan', mode: 'matrix', runners: '3' }, shown)).toMatchObject({
      mode: 'matrix',
      runners: 3,
    });
  });

  test('with a control character in any value, also inside a list, is refused and the character is not echoed', () => {
    for (const raw of [{ castle: 'a\nb' }, { from: 'a\u0000' }, { only: ['ok', 'a\u001b[31m'] }]) {
      const error = refusal({ command: 'rebirth', ...raw });
      expect(error.code).toBe('PHX-INPUT-CONTROL');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
      expect(error.what + error.why + error.next).not.toMatch(/[\u0000-\u001f]/);
    }
  });
});

const flags = new Set([
  'trust',
  'history',
  'affected',
  'changes',
  'comment',
  'forecast',
  'from-nothing',
  'without-witness',
  'drill',
  'dead-man',
]);

test('a revision to compare with asks for what is affected', () => {
  expect(parseRequest({ command: 'plan', base: 'main' }, shown).affected).toBe(true);
});

describe('an option that means nothing for a command', () => {
  const given = {
    ...{ castle: 'c.yaml', report: 'r.json', only: ['a'], trust: true },
    ...{
      from: 'a',
      fault: ['git:401'],
      reports: 'parts',
      history: true,
      seed: '7',
      node: 'kwok',
      mode: 'job',
      runners: '2',
    },
    ...{ affected: true, base: 'main' },
    ...{ changes: true, comment: true, forecast: true },
  };

  test.each(commandNames)('is refused by %s, and what it takes is taken', (command) => {
    for (const [option, value] of Object.entries(given)) {
      const raw = { command, [option]: value };
      if (optionsOf[command].includes(option as 'castle')) {
        expect(parseRequest(raw, shown)).toHaveProperty(option);
        continue;
      }
      expect(refusal(raw)).toMatchObject({
        code: 'PHX-INPUT-USAGE',
        what: `--${option} means nothing for \`${command}\`.`,
        why: expect.stringContaining(`\`${command}\` takes --castle`),
      });
    }
  });

  test('is taken with its default, which the Action always gives', () => {
    expect(parseRequest({ command: 'doctor', report: 'phoenix-report.json', from: '' }, shown).command).toBe(
      'doctor',
    );
  });
});

describe('an option is described once, and so everywhere alike:', () => {
  const action = parse(readFileSync(join(import.meta.dirname, '../../action.yml'), 'utf8')) as {
    readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>;
  };
  const options = Object.entries(requestSchema.shape);

  // No option of anybody's: it is a secret, and the job's own.
  const { token, ...asInputs } = action.inputs;

  test('action.yml has each as an input, in these words, with this default, and none but the token beside', () => {
    expect(token?.default).toMatch(/^\$\{\{ github\.token \}\}$/);
    expect(Object.keys(asInputs)).toEqual(options.map(([name]) => name));
    const given = Object.entries(asInputs).filter(([, input]) => input.default !== '');
    const asked = Object.fromEntries(given.map(([name, input]) => [name, input.default]));
    for (const [name, schema] of options) expect(action.inputs[name]?.description).toBe(schema.description);
    expect(parseRequest(asked, shown)).toEqual(parseRequest({ command: 'rebirth' }, shown));
  });

  test.each([undefined, ...commandNames])(
    'the help of %s has each that it takes, in these words, and no other',
    (command) => {
      const help = helpText(command);
      for (const [name, schema] of options) {
        if (name === 'command') continue;
        const taken = command === undefined || optionsOf[command].includes(name as 'castle');
        const flag = (flags.has(name) ? `--${name}` : `--${name} VALUE`).padEnd(18);
        expect(help.includes(flag), flag).toBe(taken);
        expect(help.includes(schema.description ?? ''), name).toBe(taken);
      }
      for (const name of command === undefined ? commandNames : [command]) expect(help).toContain(name);
    },
  );
});
