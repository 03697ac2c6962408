import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
} from 'yaml';
import { messageOf } from '../errors.ts';
import { castleError, type Position, type Problem } from './problems.ts';
import { shownKey } from './words.ts';

export type KeyPath = readonly PropertyKey[];

/** A YAML text as plain values, and where each of them stands. */
export interface CastleDocument {
  readonly value: unknown;
  /** Where the value at `path` stands; of what is missing, the place of the nearest thing around it. */
  at(path: KeyPath): Position;
  /** Where the key at the end of `path` stands. */
  keyAt(path: KeyPath): Position;
}

// Far above any castle file by hand. The YAML parser takes seconds for a megabyte of brackets.
const largestCharacters = 256 * 1024;
const deepest = 100;
const mostAliases = 100;

/** Parses the text of a castle file in bounded time. Throws PHX-CASTLE-TOO-LARGE, -YAML, -DUPLICATE-KEY. */
export function readDocument(text: string, file: string): CastleDocument {
  refuseMonsters(text, file);
  const lines = new LineCounter();
  // Keys are compared here, with a set: the parser's own check compares every key with every other.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, prettyErrors: false });
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const bad = [...document.errors, ...document.warnings].map(({ message, pos }) =>
    yamlProblem(message, position(pos[0])),
  );
  refuse(file, bad.slice(0, 5));
  refuse(file, keyProblems(document, position));
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: mostAliases });
  } catch (error) {
    throw castleError(file, [yamlProblem(messageOf(error), { line: 1, column: 1 })]);
  }
  return {
    value,
    at: (path) => position(locate(document, path).value),
    keyAt: (path) => position(locate(document, path).key),
  };
}

function refuseMonsters(text: string, file: string): void {
  const start = { line: 1, column: 1 };
  const next = 'Keep the castle file to settings; see phoenix.schema.json for what belongs into it.';
  if (text.length > largestCharacters) {
    const what = `The castle file has ${text.length} characters.`;
    const why = `At most ${largestCharacters} are read.`;
    throw castleError(file, [{ code: 'PHX-CASTLE-TOO-LARGE', what, why, next, ...start }]);
  }
  let depth = 0;
  for (const character of text) {
    if (character === '[' || character === '{') depth += 1;
    if (character === ']' || character === '}') depth -= 1;
    if (depth <= deepest) continue;
    const what = 'The castle file nests lists or maps too deeply.';
    const why = `More than ${deepest} brackets are open at once.`;
    throw castleError(file, [{ code: 'PHX-CASTLE-TOO-LARGE', what, why, next, ...start }]);
  }
}

function yamlProblem(message: string, position: Position): Problem {
  return {
    code: 'PHX-CASTLE-YAML',
    what: 'The castle file is not YAML that can be read.',
    why: `${message.replace(/\.?$/, '.')}`,
    next: 'Correct the file at that place.',
    ...position,
  };
}

function refuse(file: string, problems: readonly Problem[]): void {
  const [first, ...others] = problems;
  if (first !== undefined) throw castleError(file, [first, ...others]);
}

function keyProblems(document: Document, position: (offset: number) => Position): Problem[] {
  const problems: Problem[] = [];
  const open: unknown[] = [document.contents];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (isSeq(node)) open.push(...node.items);
    if (!isMap<Node | null, Node | null>(node)) continue;
    const seen = new Map<string, Position>();
    for (const { key, value } of node.items) {
      if (value !== null) open.push(value);
      const place = position(key?.range?.[0] ?? node.range?.[0] ?? 0);
      if (!isScalar(key)) {
        problems.push(yamlProblem('A key must be plain text here, not a list, a map or an alias', place));
        continue;
      }
      const name = String(key.value);
      const before = seen.get(name);
      seen.set(name, place);
      if (before === undefined) continue;
      problems.push({
        code: 'PHX-CASTLE-DUPLICATE-KEY',
        what: `The key \`${shownKey(name)}\` stands twice in the same map.`,
        why: `It stands already at ${before.line}:${before.column}, and only one of the two can hold.`,
        next: 'Remove one of them.',
        ...place,
      });
    }
  }
  return problems;
}

/** Offsets of the key and of the value at `path`, or of the last part of it that exists. */
function locate(document: Document, path: KeyPath): { key: number; value: number } {
  let node: unknown = document.contents;
  let place = { key: 0, value: startOf(node) ?? 0 };
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap<Node | null, Node | null>(node)) {
      const pair: Pair<Node | null, Node | null> | undefined = node.items.find(
        ({ key }) => isScalar(key) && String(key.value) === String(step),
      );
      if (pair === undefined) return { key: place.key, value: place.key };
      node = pair.value;
      const key = startOf(pair.key) ?? place.key;
      place = { key, value: startOf(node) ?? key };
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      const value = startOf(node) ?? place.value;
      place = { key: value, value };
    } else return place;
  }
  return place;
}

/** Where a node begins; undefined for one without any text, such as the value of `live:`. */
function startOf(node: unknown): number | undefined {
  if (!isScalar(node) && !isMap(node) && !isSeq(node) && !isAlias(node)) return undefined;
  const [start, end] = node.range ?? [0, 0];
  return end > start ? start : undefined;
}
