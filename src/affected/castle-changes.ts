import { isDeepStrictEqual } from 'node:util';
import { readDocument } from '../castle/document.ts';

/** What another castle file means: these layers, or everything, and why. */
export type CastleChange = { readonly layers: ReadonlySet<string> } | { readonly everything: string };

/**
 * Compares the castle file before and after as values, so that a comment is no change. Settings of one layer and what
 * it is given of the secrets are about that layer; anything else may be about all.
 */
export function castleChange(before: string, after: string, file: string): CastleChange {
  let values: readonly [Section, Section];
  try {
    values = [sectionOf(readDocument(before, file).value), sectionOf(readDocument(after, file).value)];
  } catch {
    return { everything: `what ${file} said before cannot be read` };
  }
  const layers = new Set<string>();
  for (const [key, old, now] of differences(...values)) {
    if (key === 'layers') {
      for (const [layer] of differences(sectionOf(old), sectionOf(now))) layers.add(layer);
    } else if (key === 'secrets') {
      for (const [secret, oldUse, newUse] of differences(sectionOf(old), sectionOf(now))) {
        const users = [...layersOf(oldUse), ...layersOf(newUse)];
        if (secret === 'source' || users.length === 0) return { everything: `secrets.${secret} in ${file}` };
        for (const layer of users) layers.add(layer);
      }
    } else return { everything: `${key} in ${file}` };
  }
  return { layers };
}

type Section = Readonly<Record<string, unknown>>;

function sectionOf(value: unknown): Section {
  return typeof value === 'object' && value !== null ? (value as Section) : {};
}

function differences(before: Section, after: Section): (readonly [string, unknown, unknown])[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((key) => !isDeepStrictEqual(before[key], after[key]))
    .map((key) => [key, before[key], after[key]] as const);
}

function layersOf(use: unknown): string[] {
  const { layers } = sectionOf(use);
  return Array.isArray(layers) ? layers.filter((layer) => typeof layer === 'string') : [];
}
