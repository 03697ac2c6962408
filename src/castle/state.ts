import { z } from 'zod';
import { secretName } from './units.ts';

/** How the layers' states are kept. */
export interface StateSettings {
  /** Undefined where states are stored as the engine writes them: in the clear. */
  readonly encryption?: {
    /** Name of the secret that holds the key. */
    readonly key: string;
    /** Name of the secret with the key that older states were written with; they are read, and written with `key`. */
    readonly previousKey?: string;
    /** Read states that are still in the clear; they are encrypted when they are next written. */
    readonly migrate: boolean;
  };
  readonly plaintext: 'refused' | 'allowed';
}

export const state = z
  .strictObject({
    encryption: z
      .strictObject({
        key: secretName.describe('The secret with the key: 32 random bytes, as base64 or hex'),
        'previous-key': secretName
          .optional()
          .describe('The secret with the key before: states are read with it, and written with `key`'),
        migrate: z
          .boolean()
          .default(false)
          .describe('Read states that are still in the clear, and encrypt them when they are written'),
      })
      .transform(({ key, migrate, 'previous-key': previousKey }) => ({
        key,
        migrate,
        ...(previousKey === undefined ? {} : { previousKey }),
      }))
      .optional()
      .describe('Encrypt states and plans (OpenTofu only)'),
    plaintext: z
      .enum(['refused', 'allowed'])
      .default('refused')
      .describe('Whether `doctor` lets a state lie in the clear on this machine’s disk'),
  })
  .describe('How the layers’ states are kept')
  .transform(
    ({ encryption, plaintext }): StateSettings => ({
      plaintext,
      ...(encryption === undefined ? {} : { encryption }),
    }),
  );
