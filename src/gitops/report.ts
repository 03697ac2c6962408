import { nearest } from '../near.ts';
import type { GitopsFinding, Place } from './model.ts';

/** The rules whose findings come up while the tree is read. */
export const readRules = [
  'path-not-a-folder',
  'no-kustomization',
  'broken-reference',
  'unreadable',
  'not-built',
  'not-looked-at',
] as const;
export type ReadRule = (typeof readRules)[number];

/** Gathers what a reading finds; one finding a place, however many ways lead there. */
export interface Report {
  add(rule: ReadRule, severity: GitopsFinding['severity'], at: Place, words: Words): void;
  readonly findings: readonly GitopsFinding[];
}

export type Words = Pick<GitopsFinding, 'what' | 'why' | 'fix'>;

export function report(): Report {
  const byPlace = new Map<string, GitopsFinding>();
  return {
    add(rule, severity, at, words) {
      const key = [rule, at.file, at.line, at.column, words.what].join('\0');
      if (!byPlace.has(key)) byPlace.set(key, { rule, severity, at, ...words });
    },
    get findings() {
      return [...byPlace.values()];
    },
  };
}

/** A path or an address from the tree as people are shown it: on one line, not of any length, without its secrets. */
export function shown(path: string): string {
  // What goes over several lines is no path, but a text that was put in the place of one.
  const [first = '', more] = path.split('\n', 2);
  const line = `${withoutSecrets(first)}${more === undefined ? '' : '…'}`.replaceAll(/[\p{Cc}\p{Cf}]/gu, '�');
  return line.length > 120 ? `${line.slice(0, 120)}…` : line || '.';
}

/** Who asks, and what is asked for beside `ref`, may be a password or a token. The last `@` ends it: one may be in it. */
function withoutSecrets(text: string): string {
  const at = text.lastIndexOf('@');
  const user = at === -1 ? '' : text.slice(0, at);
  const scheme = /^(?:[a-z]+::)?[a-z+]+:\/\//i.exec(user)?.[0] ?? '';
  const secret = user.includes(':') && user !== `${scheme}git`;
  const bare = secret ? `${scheme}…${text.slice(at)}` : text;
  const [before = '', ...query] = bare.split('?');
  if (query.length === 0) return bare;
  const ref = query
    .join('&')
    .split(/[&#]/)
    .find((each) => each.startsWith('ref='));
  return `${before}?${ref ?? '…'}`;
}

/** ` Did you mean …?`; where only letter case is wrong, that is said. */
export function nearWords(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  if (near === undefined) return '';
  return near.toLowerCase() === name.toLowerCase()
    ? ` There is \`${shown(near)}\`: letter case counts.`
    : ` Did you mean \`${shown(near)}\`?`;
}
