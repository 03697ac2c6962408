import { z } from 'zod';
import { size } from './units.ts';

/** How strictly the vault is kept in RAM, and how large it may be. */
export interface VaultSettings {
  /** What swap on the machine means for a run: a warning, or its end before a secret is fetched. */
  readonly policy: 'warn' | 'strict';
  /** The room it must find; of a tmpfs of its own, also what it may grow to. */
  readonly bytes?: number;
}

export const vault = z
  .strictObject({
    policy: z
      .enum(['warn', 'strict'])
      .default('warn')
      .describe('Whether a run is refused where swap may take the vault to a disk'),
    size: size.optional().describe('Room that the vault must find, and may take'),
  })
  .describe('The RAM directory that the secrets lie in during a run')
  .transform(
    ({ policy, size: bytes }): VaultSettings => ({ policy, ...(bytes === undefined ? {} : { bytes }) }),
  );

/** What holds where there is no castle file to say otherwise. */
export const usualVault: VaultSettings = vault.parse({});
