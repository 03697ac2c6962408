import { z } from 'zod';
import { duration } from './units.ts';

const ttlForm = 'a duration from 10s to 1h, such as `60s`';
const waitForm = 'a duration up to 24h, such as `10m`; `0s` refuses at once';

/** How two rebirths of one castle are kept apart. */
export interface LeaseSettings {
  /** A holder on another machine that is silent for so long counts as dead. */
  readonly ttlSeconds: number;
  /** How long to wait for a run that holds the castle; 0 refuses at once. */
  readonly waitSeconds: number;
  readonly place: 'state' | 'machine';
}

export const lease = z
  .strictObject({
    ttl: duration
      .refine((seconds) => seconds >= 10 && seconds <= 3600, ttlForm)
      .prefault('60s')
      .describe('Silence after which a run on another machine counts as dead'),
    wait: z
      .union(
        [
          z
            .string()
            .regex(/^0s$/, waitForm)
            .transform(() => 0),
          duration,
        ],
        { error: waitForm },
      )
      .prefault('0s')
      .describe('How long to wait for a run that holds the castle; 0s refuses at once'),
    place: z
      .enum(['state', 'machine'])
      .default('state')
      .describe('Beside the state, for runs on any machine, or on this machine only'),
  })
  .describe('How two rebirths of one castle are kept apart')
  .transform(({ ttl, wait, place }): LeaseSettings => ({ ttlSeconds: ttl, waitSeconds: wait, place }));
