import { z } from 'zod';
import { hostAndPort, secretName, words } from './units.ts';

/** Where an address with user and password comes from: a secret of the castle, or one that lies in its cluster. */
export type AddressSource =
  | { readonly kind: 'secret'; readonly name: string }
  | { readonly kind: 'cluster'; readonly namespace: string; readonly name: string; readonly key: string };

const secretForm =
  'a secret of the cluster as NAMESPACE/NAME, such as `tazlab-db/tazlab-db-pguser-mnemosyne`';

/** The keys by which a section of the castle file says how a database is reached, and as whom. */
export const addressKeys = {
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
} as const;

interface Written {
  readonly url?: string | undefined;
  readonly secret?: string | undefined;
  readonly key: string;
}

export const oneAddress = ({ url, secret }: Written) => (url === undefined) !== (secret === undefined);
export const oneAddressError = { error: 'either `url` or `secret`' };
export const oneAddressMeta = { oneOf: [{ required: ['url'] }, { required: ['secret'] }] };

export function addressSource({ url, secret = '', key }: Written): AddressSource {
  const [namespace = '', name = ''] = secret.split('/');
  return url === undefined ? { kind: 'cluster', namespace, name, key } : { kind: 'secret', name: url };
}
