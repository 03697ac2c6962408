import { z } from 'zod';
import { duration, hostAndPort, path, secretName, words } from './units.ts';

/** The database whose backup must hold a row of this run before anything is destroyed. */
export interface WitnessSettings {
  /** Where the address with user and password comes from: a secret of the castle, or one that lies in its cluster. */
  readonly from:
    | { readonly kind: 'secret'; readonly name: string }
    | { readonly kind: 'cluster'; readonly namespace: string; readonly name: string; readonly key: string };
  /** Where to connect, HOST:PORT, in place of what the address says; the certificate must still name that. */
  readonly at?: { readonly host: string; readonly port: number };
  /** Schema and name, or the name alone. */
  readonly table: readonly string[];
  /** How long the row's WAL may take to be archived. */
  readonly archivedWithinSeconds: number;
  /** For how long an archived witness stands for a database that does not answer any more. */
  readonly maxAgeSeconds: number;
  /** A PEM file with the CA of the server's certificate; absolute. */
  readonly caFile?: string;
}

const secretForm =
  'a secret of the cluster as NAMESPACE/NAME, such as `tazlab-db/tazlab-db-pguser-mnemosyne`';
const tableForm = 'a table as NAME or SCHEMA.NAME, in lower-case letters, digits and `_`';

export const witness = z
  .strictObject({
    url: secretName
      .optional()
      .describe('The secret with the address: postgres://USER:PASSWORD@HOST:PORT/DATABASE'),
    secret: z
      .string({ error: secretForm })
      .regex(/^[a-z0-9][a-z0-9-]{0,62}\/[a-z0-9][a-z0-9.-]{0,252}$/, secretForm)
      .optional()
      .describe("Or the cluster's own secret with it, as NAMESPACE/NAME"),
    key: words.default('uri').describe('The key of that secret'),
    at: hostAndPort.optional().describe('Where to connect in place of what the address says, as HOST:PORT'),
    table: z
      .string({ error: tableForm })
      .regex(/^[a-z_][a-z0-9_]{0,62}(?:\.[a-z_][a-z0-9_]{0,62})?$/, tableForm)
      .default('phoenix_witness')
      .describe('The table that the witness is written to; made where it is missing'),
    'archived-within': duration.prefault('60s').describe('How long its WAL may take to be archived'),
    'max-age': duration
      .prefault('1h')
      .describe('For how long an archived witness stands for a database that does not answer any more'),
    'ca-file': path.optional().describe("PEM file with the CA of the server's certificate"),
  })
  .refine(({ url, secret }) => (url === undefined) !== (secret === undefined), {
    error: 'either `url` or `secret`',
  })
  .meta({ oneOf: [{ required: ['url'] }, { required: ['secret'] }] })
  .describe('The database whose backup must hold a row of this run before anything is destroyed')
  .transform((value): WitnessSettings => {
    const { url, secret = '', key, at, table, 'ca-file': caFile } = value;
    const [namespace = '', name = ''] = secret.split('/');
    return {
      from: url === undefined ? { kind: 'cluster', namespace, name, key } : { kind: 'secret', name: url },
      table: table.split('.'),
      archivedWithinSeconds: value['archived-within'],
      maxAgeSeconds: value['max-age'],
      ...(at === undefined ? {} : { at }),
      ...(caFile === undefined ? {} : { caFile }),
    };
  });
