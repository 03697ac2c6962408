import { PhoenixError } from '../errors.ts';
import { didYouMean } from '../near.ts';
import type { Outcome } from './exchange.ts';
import { removedAnswer } from './hashicorp-answers.ts';
import type { HashicorpPlace } from './hashicorp-errors.ts';
import { withoutData } from './hashicorp-read-errors.ts';

/** A secret of the castle and the key that holds it. */
export interface Wanted {
  readonly name: string;
  readonly key: string;
}

/**
 * The values of `wanted` among what stands at one path, byte for byte. Only texts: of a number or a map, JSON has more
 * than one way to write the same, and none is the one that was meant.
 */
export function pickKeys(
  wanted: readonly Wanted[],
  found: Readonly<Record<string, unknown>>,
  place: HashicorpPlace,
  onSecret: (value: string) => void,
): ReadonlyMap<string, string> {
  const picked = new Map<string, string>();
  const missing: string[] = [];
  const empty: string[] = [];
  const others: { key: string; kind: string }[] = [];
  for (const { name, key } of wanted) {
    const value = Object.hasOwn(found, key) ? found[key] : undefined;
    if (value === undefined) missing.push(key);
    else if (typeof value !== 'string') others.push({ key, kind: kindOf(value) });
    else if (value.trim() === '') empty.push(key);
    else {
      onSecret(value);
      picked.set(name, value);
    }
  }
  if (missing.length > 0) throw isMissing(missing, Object.keys(found), place);
  if (others.length > 0) throw isNoText(others, place);
  if (empty.length > 0) throw isEmpty(empty, place);
  return picked;
}

/** The error for a path where nothing stands (any more). */
export function nothingAt(outcome: Outcome, wanted: readonly Wanted[], place: HashicorpPlace): PhoenixError {
  const { mount, path } = place;
  const what = `HashiCorp Vault has no ${wanted.map(({ key }) => key).join(', ')} in ${where(place)}.`;
  const removed = outcome.kind === 'json' ? removedAnswer.safeParse(outcome.body).data : undefined;
  if (removed === undefined) {
    return new PhoenixError({
      code: 'PHX-SECRET-MISSING',
      class: 'identity',
      what,
      why: 'Nothing was ever stored at this path, or its metadata was deleted.',
      next: `Look at \`vault kv get -mount=${mount} ${path}\`; correct \`path\` in the castle file, or store the secrets there.${withoutData(place)}`,
    });
  }
  const { version, destroyed, deletion_time: at } = removed.data.metadata;
  return new PhoenixError({
    code: 'PHX-SECRET-DELETED',
    class: 'identity',
    what,
    why: destroyed
      ? `Version ${version}, the newest, was destroyed: its values are gone for good.`
      : `Version ${version}, the newest, was deleted${at === undefined ? '' : ` at ${at}`}.`,
    next: destroyed
      ? `Store the secrets anew: \`vault kv put -mount=${mount} ${path} KEY=…\`.`
      : `Bring it back: \`vault kv undelete -mount=${mount} -versions=${version} ${path}\`.`,
  });
}

function where({ mount, path }: HashicorpPlace): string {
  return `${mount}/, path ${path}`;
}

function isMissing(
  missing: readonly string[],
  present: readonly string[],
  place: HashicorpPlace,
): PhoenixError {
  const near = missing.map((key) => didYouMean(key, present)).join('');
  return new PhoenixError({
    code: 'PHX-SECRET-MISSING',
    class: 'identity',
    what: `HashiCorp Vault has no ${missing.join(', ')} in ${where(place)}.`,
    why: `There ${present.length === 1 ? 'is 1 other key' : `are ${present.length} other keys`}.${near}`,
    next: `Add it: \`vault kv patch -mount=${place.mount} ${place.path} ${missing[0]}=…\`, or name its \`key\` or \`path\` in the castle file.`,
  });
}

function isEmpty(empty: readonly string[], place: HashicorpPlace): PhoenixError {
  return new PhoenixError({
    code: 'PHX-SECRET-EMPTY',
    class: 'identity',
    what: `${empty.join(', ')} in ${where(place)} of HashiCorp Vault ${empty.length === 1 ? 'is' : 'are'} empty.`,
    why: 'The key is there, but its value is nothing or only white space: what it is for would fail much later.',
    next: `Give it its value: \`vault kv patch -mount=${place.mount} ${place.path} ${empty[0]}=…\`.`,
  });
}

function isNoText(
  others: readonly { readonly key: string; readonly kind: string }[],
  place: HashicorpPlace,
): PhoenixError {
  const named = others.map(({ key, kind }) => `${key} is ${kind}`).join(', ');
  return new PhoenixError({
    code: 'PHX-SECRET-NOT-TEXT',
    class: 'identity',
    what: `In ${where(place)} of HashiCorp Vault ${named}.`,
    why: 'A secret is handed over byte for byte, and JSON has more than one way to write anything that is no text.',
    next: `Store it as text: \`vault kv patch -mount=${place.mount} ${place.path} ${others[0]?.key}=…\` does, and \`${others[0]?.key}=@file.json\` for JSON.`,
  });
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : `a ${typeof value}`;
}
