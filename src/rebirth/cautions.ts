import type { Secret } from '../castle/secrets.ts';
import { leastSecretLength } from '../vault/encodings.ts';
import { isStructure } from '../vault/parts.ts';

/** What people should know of how their secrets are made and handed over; names only. */
export function cautionsOf(
  values: ReadonlyMap<string, string>,
  secrets: readonly Pick<Secret, 'name' | 'as' | 'layers'>[],
): string[] {
  const plain = [...values].filter(([, value]) => value.length < leastSecretLength || isStructure(value));
  const exposed = secrets.filter(({ as }) => as === 'env');
  return [
    ...plain.map(
      ([name]) =>
        `${name} is too short, or too much like structure, to be masked in logs or looked for by the audit: give it at least ${leastSecretLength} characters.`,
    ),
    ...exposed.map(
      ({ name, layers }) =>
        `${name} goes into the environment of ${layers.join(', ')}, where other processes of this user can read it; \`as: tfvar\` or \`as: file\` keeps it in the vault.`,
    ),
  ];
}
