import { createHash, createHmac, randomBytes } from 'node:crypto';

/** The secrets of a rehearsal: made for it, of no worth outside it, and looked for everywhere when it ends. */
export interface BoxSecrets {
  /** What the runner would have as ACTIONS_ID_TOKEN_REQUEST_TOKEN. */
  readonly requestToken: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The secrets in the box's Infisical, by name; one of them nobody asks for. */
  readonly stored: ReadonlyMap<string, string>;
  /** Stands in every error body of the box's Infisical: what the other side says must not be printed. */
  readonly inErrors: string;
}

/** The secret that lies beside those that the castle asks for. */
export const unusedSecret = 'UNUSED_SECRET';

/** What the GitOps tree of the reference castle asks of the store by its ExternalSecrets; Phoenix never reads them. */
const clusterSecrets = ['S3_ACCESS_KEY', 'PGADMIN_PASSWORD', 'CLOUDFLARE_API_TOKEN'];

const pinLetters = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!#%+=?@~';

/** What secrets of some names look like: a rehearsal meets the forms that real ones have. `random` is 48 hex digits. */
const shapes: Readonly<Record<string, (random: string) => string>> = {
  DATABASE_PASSWORD: (random) => `${random.slice(0, 16)}'"\n$${random.slice(16, 32)}`,
  S3_SECRET_KEY: (random) => `ключ-${random.slice(0, 20)}-größe-${random.slice(20, 32)}`,
  AGE_KEY: (random) => `AGE-SECRET-KEY-1${random.toUpperCase()}`,
  TALOS_CA_KEY: (random) =>
    `-----BEGIN ED25519 PRIVATE KEY-----\n${Buffer.from(random).toString('base64')}\n-----END ED25519 PRIVATE KEY-----\n`,
  STATE_KEY: (random) => createHash('sha256').update(random).digest('base64'),
  REGISTRY_AUTH: (random) => JSON.stringify({ auths: { 'registry.invalid': { auth: random } } }),
  CONSOLE_PIN: (random) =>
    [...Buffer.from(random.slice(0, 12), 'hex')].map((byte) => pinLetters[byte % pinLetters.length]).join(''),
};

/** Secrets made by chance or, with a seed, the same each time. `names` are those that the castle file asks for. */
export function makeBoxSecrets(names: readonly string[], seed: number | undefined): BoxSecrets {
  const value = (name: string) =>
    seed === undefined
      ? randomBytes(24).toString('hex')
      : createHmac('sha256', `phoenix box ${seed}`).update(name).digest('hex').slice(0, 48);
  const clientId = `box-${value('client id').slice(0, 32)}`;
  const clientSecret = value('client secret');
  return {
    requestToken: value('request token'),
    clientId,
    clientSecret,
    stored: new Map(
      [...names, ...clusterSecrets, unusedSecret].map((name) => [
        name,
        shapes[name]?.(value(name)) ?? value(name),
      ]),
    ),
    inErrors: value('in errors'),
  };
}
