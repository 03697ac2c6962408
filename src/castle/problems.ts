import { type Explanation, PhoenixError } from '../errors.ts';
import { shownPath } from '../paths.ts';

/** Lines and columns count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong with a castle file, and where. */
export interface Problem extends Position {
  readonly code: `PHX-CASTLE-${string}`;
  readonly what: string;
  readonly why: string;
  readonly next: string;
}

const shownAtMost = 20;

/** All problems of one file as one error: the first in the file speaks, the others are listed under its `why`. */
export function castleError(file: string, problems: readonly [Problem, ...Problem[]]): PhoenixError {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  const [first = problems[0], ...others] = sorted;
  const listed = others
    .slice(0, shownAtMost)
    .map(({ what, why, line, column }) => `\n        ${line}:${column}  ${what} ${why}`);
  const unlisted = others.length - listed.length;
  const also = [
    ...(others.length === 0 ? [] : ['\n        Also wrong in this file:']),
    ...listed,
    ...(unlisted > 0 ? [`\n        … and ${unlisted} more.`] : []),
  ];
  return new PhoenixError({
    code: first.code,
    class: 'input',
    what: first.what,
    why: `${first.why}${also.join('')}`,
    next: first.next,
    at: { file: shownPath(file), line: first.line, column: first.column },
  });
}

export function inputError(explanation: Omit<Explanation, 'class'>): PhoenixError {
  return new PhoenixError({ class: 'input', ...explanation });
}
