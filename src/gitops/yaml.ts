import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type YAMLMap,
} from 'yaml';
import type { Key, Place } from './model.ts';
import { withoutSchemas } from './schemas.ts';
import { saidOf, saidOfThrown } from './yaml-words.ts';

/** One document of a YAML file. */
export interface YamlDocument {
  /** Plain values; null for an empty document. */
  readonly value: unknown;
  /** Where the value at `path` stands; of what is missing, the place of the nearest thing around it. */
  place(path: readonly Key[]): Place;
  /** Whether something is written at `path` itself. */
  has(path: readonly Key[]): boolean;
  /** Where the first character of the text at `path` stands, which for a block (`|`) is on the next line. */
  textPlace(path: readonly Key[]): Place;
}

export interface YamlProblem {
  /** A sentence without its full stop. */
  readonly what: string;
  readonly at: Place;
}

export type ReadYaml =
  | { readonly documents: readonly YamlDocument[]; readonly twice: YamlProblem | undefined }
  | { readonly problem: YamlProblem };

// The parser takes two seconds for a megabyte, and more for brackets in brackets.
const largestCharacters = 1024 * 1024;
const deepest = 500;
const mostAliases = 100;
const dashes = new RegExp(`^[ \\t]*(?:-[ \\t]+){${deepest}}`, 'm');

/**
 * Reads a file's documents in bounded time. `start`: where the text begins, where it is a part of another file. `twice`: a
 * key that stands twice, of which the last holds here.
 */
export function readYaml(whole: string, file: string, start?: Place): ReadYaml {
  const text = withoutSchemas(whole);
  const first = start ?? { file, line: 1, column: 1 };
  const refuse = (what: string, at = first): ReadYaml => ({ problem: { what, at } });
  if (text.length > largestCharacters) {
    return refuse(`It has ${text.length} characters, and at most ${largestCharacters} are read`);
  }
  if (nesting(text) > deepest) return refuse(`More than ${deepest} brackets are open at once in it`);
  if (dashes.test(text)) return refuse(`A line of it begins more than ${deepest} lists`);
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return {
      file,
      line: Math.max(line, 1) + first.line - 1,
      column: Math.max(col, 1) + first.column - 1,
    };
  };
  try {
    // Keys are compared here, with a set: the parser's own check compares every key with every other.
    const options = { lineCounter: lines, uniqueKeys: false, prettyErrors: false, merge: true };
    const parsed: readonly Document[] = [...parseAllDocuments(text, options)];
    const error = parsed.flatMap(({ errors }) => errors)[0];
    if (error !== undefined) return refuse(`It is no YAML: ${saidOf(error.code)}`, place(error.pos[0]));
    const twice = parsed.map((document) => keyTwice(document)).find((found) => found !== undefined);
    return {
      documents: parsed.map((document) => documentOf(document, text, place)),
      twice: twice && {
        what: `The key \`${twice.name.slice(0, 80)}\` stands twice in one map`,
        at: place(twice.offset),
      },
    };
  } catch (thrown) {
    return refuse(`It cannot be read as YAML: ${saidOfThrown(thrown)}`);
  }
}

function documentOf(document: Document, text: string, place: (offset: number) => Place): YamlDocument {
  const value: unknown = document.toJS({ maxAliasCount: mostAliases });
  return {
    value,
    place: (path) => place(locate(document, path).offset),
    has: (path) => locate(document, path).whole,
    textPlace(path) {
      const { offset } = locate(document, path);
      if (text[offset] !== '|' && text[offset] !== '>') return place(offset);
      const from = text.indexOf('\n', offset) + 1;
      const indent = /^(?:[ \t]*\r?\n)*( *)/.exec(text.slice(from, from + 10_000))?.[1]?.length ?? 0;
      return place(from + indent);
    },
  };
}

/** Of large maps many places are asked for. */
const pairs = new WeakMap<object, ReadonlyMap<string, Pair<Node, Node | null>>>();

/** The pairs of a map by their keys; of a key that stands twice, the last. */
function pairsOf(map: YAMLMap<Node, Node | null>): ReadonlyMap<string, Pair<Node, Node | null>> {
  const before = pairs.get(map);
  if (before !== undefined) return before;
  const found = new Map(
    map.items.flatMap((pair) => (isScalar(pair.key) ? [[String(pair.key.value), pair] as const] : [])),
  );
  pairs.set(map, found);
  return found;
}

/** The offset of the value at `path`, or of the last part of it that exists. */
function locate(document: Document, path: readonly Key[]): { offset: number; whole: boolean } {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? document.range?.[0] ?? 0;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    let next: Node | null | undefined;
    if (isMap<Node, Node | null>(node)) {
      const pair = pairsOf(node).get(String(key));
      if (pair === undefined) return { offset, whole: false };
      next = pair.value ?? pair.key;
    } else if (isSeq<Node>(node)) next = node.items[Number(key)];
    if (next === undefined || next === null) return { offset, whole: false };
    node = next;
    offset = next.range?.[0] ?? offset;
  }
  return { offset, whole: true };
}

function keyTwice(document: Document): { name: string; offset: number } | undefined {
  const open: unknown[] = [document.contents];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (isSeq(node)) open.push(...node.items);
    if (!isMap<Node | null, Node | null>(node)) continue;
    const seen = new Set<string>();
    for (const { key, value } of node.items) {
      if (value !== null) open.push(value);
      if (!isScalar(key)) continue;
      const name = String(key.value);
      if (name !== '<<' && seen.has(name)) return { name, offset: key.range?.[0] ?? 0 };
      seen.add(name);
    }
  }
  return undefined;
}

/** The most brackets that can be open at once; what stands in text and comments counts too. */
function nesting(text: string): number {
  let depth = 0;
  let most = 0;
  for (const [index, character] of [...text.matchAll(/[[\]{}\n]/g)].map((m) => [m.index, m[0]] as const)) {
    if (character === '[' || character === '{') most = Math.max(most, ++depth);
    else if (character !== '\n') depth = Math.max(0, depth - 1);
    // No list or map in brackets goes on at the beginning of a line.
    else if (/[A-Za-z"'#-]/.test(text[index + 1] ?? '')) depth = 0;
  }
  return most;
}
