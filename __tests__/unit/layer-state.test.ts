import { expect, test } from 'vitest';
import { type Claimed, contradictions, type LayerState, parseState } from '../../src/layer/state.ts';

const state = (addresses: readonly string[], tainted: readonly string[] = []): LayerState => ({
  serial: 1,
  addresses: new Set(addresses),
  tainted: new Set(tainted),
  outputs: new Map(),
  sensitive: new Map(),
});

test.each<[string, Claimed, LayerState, string[]]>([
  ['nothing was said and nothing is there', new Map(), state([]), []],
  ['what was made is there, beside older things', new Map([['t.a', 'present']]), state(['t.a', 't.old']), []],
  ['what was destroyed is gone', new Map([['t.a', 'absent']]), state(['t.old']), []],
  [
    'what was made is missing',
    new Map([['t.a["k"]', 'present']]),
    state(['t.a["other"]']),
    ['t.a["k"] was applied but is not in the state'],
  ],
  [
    'what was made is tainted',
    new Map([['t.a', 'present']]),
    state(['t.a'], ['t.a']),
    ['t.a is tainted in the state'],
  ],
  [
    'what was destroyed is still there',
    new Map([['t.a', 'absent']]),
    state(['t.a']),
    ['t.a was destroyed but is still in the state'],
  ],
])('where %s, the contradictions are told', (_, claimed, found, expected) => {
  expect(contradictions(claimed, found)).toEqual(expected);
});

const stateText = (outputs: string) =>
  `{"version":4,"serial":1,"lineage":"l","outputs":${outputs},"resources":[]}`;

test('outputs are printed as the engine prints them, in its order and with their types', () => {
  const { printed } = parseState(
    stateText(
      '{"b":{"value":{"n":[1,true,null]},"type":["object",{"n":["tuple",["number","bool","dynamic"]]}],"sensitive":true},"a":{"value":"<x>","type":"string"}}',
    ),
  );
  expect(printed).toBe(
    '{"b":{"sensitive":true,"type":["object",{"n":["tuple",["number","bool","dynamic"]]}],"value":{"n":[1,true,null]}},"a":{"sensitive":false,"type":"string","value":"<x>"}}',
  );
});

test.each(['9007199254740993', '0.1', '[1, {"deep": 1e400}]', '12345678901234567890.5'])(
  'outputs with the number %s are not handed on: JavaScript might tell another',
  (value) => {
    expect(parseState(stateText(`{"a":{"value":${value},"type":"dynamic"}}`))).not.toHaveProperty('printed');
  },
);
