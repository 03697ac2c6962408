import type { z } from 'zod';
import type { KeyPath } from './document.ts';

/** zod's names of types in the words of people who write YAML. */
const kinds: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: '`true` or `false`',
  object: 'a map',
  record: 'a map',
  array: 'a list',
};

/** What an issue says was expected, as the end of the sentence "expected …". */
export function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return issue.values.map((value) => `\`${String(value)}\``).join(' or ');
  // The messages of the schema itself are such phrases already; zod's own begin with "Invalid".
  if (!/^(?:Invalid|Too|Unrecognized)/.test(issue.message)) return issue.message;
  if (issue.code === 'invalid_type') return kinds[issue.expected] ?? issue.expected;
  return issue.message;
}

/** A value after its path: what it is, as far as it may be printed. */
export function described(value: unknown, path: KeyPath): string {
  if (value === null) return 'is empty';
  if (Array.isArray(value)) return 'is a list';
  if (typeof value === 'object') return 'is a map that does not fit';
  // People paste a secret where its name belongs, and a password into an address: neither may reach a log.
  if (
    /^(?:secrets|claim|proxmox|state)$/.test(String(path[0])) ||
    /[@\p{Cc}]/u.test(String(value)) ||
    String(value).length > 60
  )
    return 'has a value that does not fit';
  return `is \`${String(value)}\``;
}

export function valueAt(value: unknown, path: KeyPath): unknown {
  let here = value;
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Readonly<Record<PropertyKey, unknown>>)[step];
  }
  return here;
}

/** `milestones.blog.all[1]` */
export function dotted(path: KeyPath): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${shownKey(step)}`))
    .join('')
    .replace(/^\./, '');
}

/** A key as it may be printed: on one line, and not longer than a line. */
export function shownKey(key: PropertyKey): string {
  const text = String(key).replaceAll(/\p{Cc}/gu, '�');
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
