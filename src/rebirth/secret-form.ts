import type { Secret } from '../castle/secrets.ts';
import { PhoenixError } from '../errors.ts';

/** The kernel's limit of one string of an environment (MAX_ARG_STRLEN), with its name and `=`. */
const longestVariable = 128 * 1024 - 1;

/**
 * Refuses a value that would reach its layer as another one, without a word: what a layer gets is what the source holds,
 * byte for byte. A NUL, 1 MB or any quotes pass a var file as they are (tried with OpenTofu 1.12).
 */
export function assertForm({ name, as, variable }: Secret, value: string): void {
  if (!value.isWellFormed())
    throw badForm(
      name,
      'It holds half a surrogate pair, which no UTF-8 text can.',
      'Store it in base64, and decode it where it is used.',
    );
  if (as === 'tfvar' && value !== value.normalize('NFC'))
    throw badForm(
      name,
      'It has letters in decomposed form (a letter and its accent apart), and the engine composes the text of every variable (Unicode NFC): the layer would get other bytes.',
      'Store it in composed form; or hand it over by `as: file` to what reads the file itself (filesha256, filebase64, a provider that takes a path), for file() composes too.',
    );
  if (as !== 'env') return;
  if (value.includes('\0'))
    throw badForm(name, 'It holds a NUL, which ends a variable of the environment.', asFile);
  if (Buffer.byteLength(value) + variable.length + 1 > longestVariable)
    throw badForm(
      name,
      `It has ${Buffer.byteLength(value)} bytes, and a variable of the environment takes 128 KiB with its name.`,
      asFile,
    );
}

const asFile = 'Hand it over by `as: tfvar` or `as: file`.';

function badForm(name: string, why: string, next: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-SECRET-FORM',
    class: 'identity',
    what: `The secret ${name} cannot be handed to its layers as it is.`,
    why,
    next,
  });
}
