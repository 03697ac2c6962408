import { z } from 'zod';
import { kebabName } from './units.ts';

/** What a castle of the box says of it. */
export interface BoxSettings {
  /** Ways into a real node, by name: `http://NAME.box.invalid` in the castle file leads to this host and port in it. */
  readonly doors: readonly { readonly name: string; readonly host: string; readonly port: number }[];
}

const doorForm = 'HOST:PORT in the node, e.g. `10.99.0.100:80` or `db.data.svc.cluster.local:5432`';

const door = z
  .string({ error: doorForm })
  .regex(/^[a-z0-9.-]+:[1-9]\d{0,4}$/, doorForm)
  .transform((text) => {
    const at = text.lastIndexOf(':');
    return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
  });

export const box = z
  .union([
    z.boolean(),
    z.strictObject({
      doors: z
        .record(kebabName, door)
        .default({})
        .describe('Ways into the node of `--node real`, by name: HOST:PORT there'),
    }),
  ])
  .describe('A castle of the box: brought up on loopback, with stand-ins')
  .transform((value): BoxSettings | false => {
    if (typeof value === 'boolean') return value ? { doors: [] } : false;
    return { doors: Object.entries(value.doors).map(([name, place]) => ({ name, ...place })) };
  });
