import { createHmac, randomBytes } from 'node:crypto';

/** The secrets of a rehearsal: made for it, of no worth outside it, and looked for everywhere when it ends. */
export interface BoxSecrets {
  /** What the runner would have as ACTIONS_ID_TOKEN_REQUEST_TOKEN. */
  readonly requestToken: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The secrets in the box's Infisical, by name. */
  readonly stored: ReadonlyMap<string, string>;
}

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
    stored: new Map(names.map((name) => [name, value(name)])),
  };
}
