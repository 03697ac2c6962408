import { z } from 'zod';
import { words } from './units.ts';

const ttlForm = 'a lifetime from 1h to 3650d, such as `90d` or `720h`, or `never`';
const longestSeconds = 315_360_000;

/** `90d`, `720h` or `never` → seconds; 0 is for ever, as Infisical has it. */
const lifetime = z
  .string({ error: ttlForm })
  .regex(/^(?:never|[1-9]\d{0,4}[dh])$/, ttlForm)
  .transform((text) =>
    text === 'never' ? 0 : Number.parseInt(text, 10) * (text.endsWith('d') ? 24 : 1) * 3600,
  )
  .refine((seconds) => seconds === 0 || (seconds >= 3600 && seconds <= longestSeconds), ttlForm);

/** How the cluster's client secret comes about: fetched from the source of secrets, or made anew for each rebirth. */
export type IdentityWay =
  | { readonly kind: 'pull'; readonly identityId?: string }
  | { readonly kind: 'mint'; readonly identityId: string; readonly ttlSeconds: number };

const identityId = words.describe('Id of the cluster’s machine identity, which has Universal Auth');

export const identity = z
  .strictObject({
    pull: z
      .strictObject({ 'identity-id': identityId.optional() })
      .optional()
      .describe('The client secret is a secret of the source; the default'),
    mint: z
      .strictObject({
        'identity-id': identityId,
        ttl: lifetime
          .prefault('90d')
          .describe('Life of a client secret; it must be longer than the cluster’s, or be rotated'),
      })
      .optional()
      .describe('A fresh client secret is made for each rebirth'),
  })
  .refine(({ pull, mint }) => pull === undefined || mint === undefined, {
    error: 'either `pull` or `mint`',
  })
  .describe('Where the machine identity’s client secret comes from')
  .transform(({ pull, mint }): IdentityWay => {
    if (mint !== undefined) return { kind: 'mint', identityId: mint['identity-id'], ttlSeconds: mint.ttl };
    const id = pull?.['identity-id'];
    return { kind: 'pull', ...(id === undefined ? {} : { identityId: id }) };
  });
