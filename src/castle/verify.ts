import { z } from 'zod';
import { type Probe, passes, probe } from './probes.ts';
import { duration, kebabName, words } from './units.ts';

/** What a castle is held to once its milestones are reached, and by `phoenix verify`. */
export interface VerifySettings {
  /** How many good looks in a row make a probe pass, where it does not say. */
  readonly passes: number;
  /** Between two looks. */
  readonly everySeconds: number;
  /** How long a probe is given, where it does not say. */
  readonly withinSeconds: number;
  /** What the probe pod runs: an image with `sh`, `dd`, `sha256sum`, and `getent` or `nslookup`. */
  readonly image: string;
  readonly probes: readonly { readonly name: string; readonly probe: Probe }[];
}

const defaultImage = 'docker.io/library/busybox:1.37.0';

export const verify = z
  .strictObject({
    passes: passes.default(2).describe('How many good looks in a row make a probe pass'),
    every: duration.prefault('2s').describe('Between two looks'),
    within: duration.prefault('60s').describe('How long a probe is given'),
    image: words
      .default(defaultImage)
      .describe(
        'Image of the probe pod: one with `sh`, `dd`, `sha256sum`, and `getent` or `nslookup`; its user may be any',
      ),
    probes: z.record(kebabName, probe).default({}).describe('The probes by name'),
  })
  .describe('What the castle is held to once its milestones are reached, and by `phoenix verify`')
  .transform(
    ({ passes, every, within, image, probes }): VerifySettings => ({
      passes,
      everySeconds: every,
      withinSeconds: within,
      image,
      probes: Object.entries(probes).map(([name, each]) => ({ name, probe: each })),
    }),
  );
