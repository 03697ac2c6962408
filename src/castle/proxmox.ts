import { z } from 'zod';
import { path, secretName, secureAddress } from './units.ts';

/** The API of the Proxmox that the castle's machines are on, and the token that Phoenix itself asks it with. */
export interface ProxmoxSettings {
  /** `https://HOST:PORT`, without a path. */
  readonly endpoint: string;
  /** `USER@REALM!NAME`. */
  readonly tokenId: string;
  /** Name of the secret that holds the token's secret. */
  readonly tokenSecret: string;
  /** A PEM file with the CA that signed the certificate; absolute. */
  readonly caFile?: string;
}

const tokenForm = 'the id of an API token: USER@REALM!NAME, such as `phoenix@pve!castle`';

export const proxmox = z
  .strictObject({
    endpoint: secureAddress
      .describe('Address of the API, e.g. https://pve.example.org:8006')
      .transform((url) => url.replace(/\/api2(?:\/json)?$/, '')),
    'token-id': z
      .string({ error: tokenForm })
      .regex(/^[^@!\s/:=]+@[A-Za-z][A-Za-z0-9._-]+![A-Za-z][A-Za-z0-9._-]*$/, tokenForm)
      .describe('Id of the API token, e.g. phoenix@pve!castle'),
    'token-secret': secretName.describe('The secret with the secret of the token'),
    'ca-file': path
      .optional()
      .describe('PEM file with the CA of its certificate: of Proxmox’ own, /etc/pve/pve-root-ca.pem'),
  })
  .describe('The API of the Proxmox that the machines are on')
  .transform(
    ({ endpoint, 'token-id': tokenId, 'token-secret': tokenSecret, 'ca-file': caFile }): ProxmoxSettings => ({
      endpoint,
      tokenId,
      tokenSecret,
      ...(caFile === undefined ? {} : { caFile }),
    }),
  );
