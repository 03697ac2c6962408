import { z } from 'zod';
import { nearest } from '../near.ts';
import type { CastleDocument, KeyPath } from './document.ts';
import type { Problem } from './problems.ts';
import { described, dotted, expectation, shownKey, valueAt } from './words.ts';

type Issue = z.core.$ZodIssue;
/** The part of a JSON Schema that says which keys may stand where. */
interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: Shape | boolean;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
}

// A file with thousands of mistakes is the wrong file: the first hundred tell that.
const looksAt = 100;

/** What zod found, in the words and places of the castle file. */
export function problemsOf(issues: readonly Issue[], document: CastleDocument, schema: z.ZodType): Problem[] {
  const shape = z.toJSONSchema(schema, { io: 'input' }) as Shape;
  const problems: Problem[] = [];
  const misspelt = new Set<string>();
  for (const issue of issues.slice(0, looksAt).flatMap(plain)) {
    if (issue.code !== 'unrecognized_keys') continue;
    for (const key of issue.keys.slice(0, looksAt)) {
      const { problem, near } = unknownKey(key, issue.path, document, shape);
      problems.push(problem);
      misspelt.add(dotted([...issue.path, near ?? '']));
    }
  }
  for (const issue of issues.slice(0, looksAt).flatMap(plain)) {
    // A key that is there under a wrong name is not missing as well.
    const missing = valueAt(document.value, issue.path) === undefined;
    if (issue.code === 'unrecognized_keys' || (missing && misspelt.has(dotted(issue.path)))) continue;
    problems.push(problemOf(issue, document));
  }
  return problems.slice(0, looksAt);
}

/** A union's failure as the failure of the one branch that the value was meant for, where that can be told. */
function plain(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const meant = issue.errors.find((branch) =>
    branch.some(({ code, path }) => path.length > 0 || code !== 'invalid_type'),
  );
  if (meant === undefined) return [issue];
  return meant.flatMap((inner) => plain({ ...inner, path: [...issue.path, ...inner.path] }));
}

function problemOf(issue: Issue, document: CastleDocument): Problem {
  const { path } = issue;
  const next = `Correct it; phoenix.schema.json describes every key.`;
  if (issue.code === 'invalid_key') {
    const why = `Expected ${issue.issues.map(({ message }) => message).join(', and ')}.`;
    const what = `\`${shownKey(path.at(-1) ?? '')}\` cannot be a key of \`${dotted(path.slice(0, -1))}\`.`;
    return { code: 'PHX-CASTLE-VALUE', what, why, next, ...document.keyAt(path) };
  }
  const value = valueAt(document.value, path);
  const expected = expectation(issue);
  if (value === undefined) {
    const what = `\`${dotted(path)}\` is missing.`;
    const why = `The castle file must give it: ${expected}.`;
    const add = `Add \`${dotted(path)}\`.`;
    return { code: 'PHX-CASTLE-MISSING-KEY', what, why, next: add, ...document.at(path) };
  }
  const what = `\`${dotted(path) || 'the file'}\` ${described(value, path)}.`;
  const near =
    typeof value === 'string' && issue.code === 'invalid_value'
      ? nearest(value, issue.values.map(String))
      : undefined;
  const why = `Expected ${expected}.${near === undefined ? '' : ` Did you mean \`${near}\`?`}`;
  return { code: 'PHX-CASTLE-VALUE', what, why, next, ...document.at(path) };
}

function unknownKey(
  key: string,
  path: KeyPath,
  document: CastleDocument,
  shape: Shape,
): { problem: Problem; near: string | undefined } {
  const known = knownKeys(shape, path);
  const near = nearest(key, known);
  const where = path.length === 0 ? 'a castle file' : `\`${dotted(path)}\``;
  const shown = shownKey(key);
  const problem: Problem = {
    code: 'PHX-CASTLE-UNKNOWN-KEY',
    what: `\`${shown}\` is no key of ${where}.`,
    why: `${near === undefined ? '' : `Did you mean \`${near}\`? `}Known here: ${known.join(', ') || 'none'}.`,
    next: near === undefined ? `Remove \`${shown}\`.` : `Write \`${near}\` instead of \`${shown}\`.`,
    ...document.keyAt([...path, key]),
  };
  return { problem, near };
}

function knownKeys(shape: Shape, path: KeyPath): string[] {
  let here: readonly Shape[] = [shape];
  for (const step of path) {
    here = here.flatMap((at) => {
      const rest = typeof at.additionalProperties === 'object' ? at.additionalProperties : undefined;
      const inner = at.properties?.[String(step)] ?? rest ?? at.items;
      return inner === undefined ? [] : [inner, ...(inner.anyOf ?? [])];
    });
  }
  return [...new Set(here.flatMap(({ properties }) => Object.keys(properties ?? {})))];
}
