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

/** A path from the tree as people are shown it: on one line, and not of any length. */
export function shown(path: string): string {
  const line = path.replaceAll(/[\p{Cc}\p{Cf}]/gu, '�');
  return line.length > 120 ? `${line.slice(0, 120)}…` : line || '.';
}

/** ` Did you mean …?`; where only letter case is wrong, that is said. */
export function nearWords(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  if (near === undefined) return '';
  return near.toLowerCase() === name.toLowerCase()
    ? ` There is \`${shown(near)}\`: letter case counts.`
    : ` Did you mean \`${shown(near)}\`?`;
}
