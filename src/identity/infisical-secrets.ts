import type { z } from 'zod';
import { PhoenixError } from '../errors.ts';
import { didYouMean } from '../near.ts';
import type { ListedSecret, listAnswer } from './infisical-answers.ts';
import type { InfisicalPlace } from './infisical-errors.ts';

const hiddenValue = '<hidden-by-infisical>';

/**
 * The values of `names` from what Infisical listed, byte for byte. Infisical answers 200 also where the folder does
 * not exist, the role reads nothing or sees no values; here each of these is an error that names keys and path.
 * A secret of the folder itself beats an imported one, and of the imports the last wins. Where folders below were
 * listed too and a name stands in several, none of them is taken for the one that was meant.
 */
export function pickSecrets(
  names: readonly string[],
  answer: z.output<typeof listAnswer> = { secrets: [] },
  place: InfisicalPlace,
  onSecret: (value: string) => void,
): ReadonlyMap<string, string> {
  const found = new Map<string, ListedSecret>();
  for (const { secrets } of [...(answer.imports ?? []), answer]) {
    for (const secret of secrets) found.set(secret.secretKey, secret);
  }
  const picked = new Map<string, string>();
  const missing: string[] = [];
  const hidden: string[] = [];
  const empty: string[] = [];
  const ambiguous = names.flatMap((name) => {
    const paths = new Set(
      answer.secrets.filter(({ secretKey }) => secretKey === name).map(({ secretPath }) => secretPath ?? ''),
    );
    return paths.size > 1 ? [{ name, paths: [...paths] }] : [];
  });
  if (ambiguous[0] !== undefined) throw isAmbiguous(ambiguous[0], place);
  for (const name of new Set(names)) {
    const secret = found.get(name);
    if (secret === undefined) missing.push(name);
    else if (secret.secretValueHidden || secret.secretValue === hiddenValue) hidden.push(name);
    else if (secret.secretValue.trim() === '') empty.push(name);
    else {
      onSecret(secret.secretValue);
      picked.set(name, secret.secretValue);
    }
  }
  if (missing.length > 0) throw isMissing(missing, [...found.keys()], place);
  if (hidden.length > 0) throw isHidden(hidden, place);
  if (empty.length > 0) throw isEmpty(empty, place);
  return picked;
}

function where({ project, environment, path }: InfisicalPlace): string {
  return `project ${project}, environment ${environment}, path ${path}`;
}

function isMissing(
  missing: readonly string[],
  present: readonly string[],
  place: InfisicalPlace,
): PhoenixError {
  const near = missing.map((name) => didYouMean(name, present)).join('');
  return new PhoenixError({
    code: 'PHX-SECRET-MISSING',
    class: 'identity',
    what: `Infisical has no ${missing.join(', ')} in ${where(place)}.`,
    why:
      present.length === 0
        ? 'It listed nothing at all there, which it also does where the folder or environment does not exist, or where the identity has no right to read.'
        : `It listed ${present.length} other secret${present.length === 1 ? '' : 's'} there.${near}`,
    next:
      present.length === 0
        ? `In Infisical check that the folder exists, and that the role of identity ${place.identityId} reads secret values there.`
        : 'Add it there in Infisical, or correct the name or `path` in the castle file.',
  });
}

function isAmbiguous(
  { name, paths }: { readonly name: string; readonly paths: readonly string[] },
  place: InfisicalPlace,
): PhoenixError {
  // They were written by the other side, like all of its answer: what is no plain path is not shown.
  const shown = paths
    .map((path) => (/^\/[\w./ -]{0,200}$/.test(path) ? path : 'a folder of an unusual name'))
    .toSorted();
  return new PhoenixError({
    code: 'PHX-SECRET-AMBIGUOUS',
    class: 'identity',
    what: `Infisical has ${name} more than once in ${where(place)} and below: in ${shown.join(' and ')}.`,
    why: 'With `recursive: true` all folders are read, and which of these is meant cannot be told.',
    next: `Name the folder in the castle file: \`${name}: { path: ${shown[0]} }\`.`,
  });
}

function isHidden(hidden: readonly string[], place: InfisicalPlace): PhoenixError {
  return new PhoenixError({
    code: 'PHX-SECRET-HIDDEN',
    class: 'identity',
    what: `Infisical hides the value of ${hidden.join(', ')} in ${where(place)}.`,
    why: `The role of identity ${place.identityId} may see that these secrets exist, and not what they hold.`,
    next: "In Infisical add `Read Value` on secrets to the identity's role in this project, for this environment and path.",
  });
}

function isEmpty(empty: readonly string[], place: InfisicalPlace): PhoenixError {
  return new PhoenixError({
    code: 'PHX-SECRET-EMPTY',
    class: 'identity',
    what: `${empty.join(', ')} in ${where(place)} of Infisical ${empty.length === 1 ? 'is' : 'are'} empty.`,
    why: 'The key is there, but its value is nothing or only white space: what it is for would fail much later.',
    next: 'Give it its value in Infisical, in exactly this environment and path.',
  });
}
