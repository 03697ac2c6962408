import type { Castle } from '../castle/load.ts';
import type { Secret } from '../castle/secrets.ts';
import type { Engines } from '../layer/engines.ts';
import { plainStateOf } from '../layer/plain-state.ts';
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
        `${name} is too short, or too much like structure, to be masked in logs or looked for by the audit: give it at least ${leastSecretLength} characters, and more than a short number, an address or a word such as \`true\`.`,
    ),
    ...exposed.map(
      ({ name, layers }) =>
        `${name} goes into the environment of ${layers.join(', ')}, where other processes of this user can read it; \`as: tfvar\` or \`as: file\` keeps it in the vault.`,
    ),
  ];
}

/**
 * What people should know of states that lie in the clear on this machine's disk, as the engines left them; undefined
 * where there is none, or the castle file allows it. The doctor refuses such a castle; a rebirth must not fail for it.
 */
export async function cautionOfStates(
  { state, box }: Pick<Castle, 'state' | 'box'>,
  layers: readonly string[],
  engines: Pick<Engines, 'applyFolder'>,
): Promise<string | undefined> {
  // What a box makes dies with it.
  if (box || state.encryption !== undefined || state.plaintext === 'allowed') return undefined;
  const each = layers.map(async (layer) => {
    const dir = await engines.applyFolder(layer);
    const file = dir === undefined ? undefined : await plainStateOf(dir);
    return file === undefined ? [] : [`${layer} (${file})`];
  });
  const plain = (await Promise.all(each)).flat();
  if (plain.length === 0) return undefined;
  return `States lie in the clear on this machine's disk, with every secret that their layers made: ${plain.join(', ')}. Set \`state: { encryption: { key: STATE_KEY, migrate: true } }\` in the castle file (docs/state.md), or \`state: { plaintext: allowed }\` where that is meant.`;
}
