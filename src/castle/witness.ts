import { z } from 'zod';
import { tableName } from './database.ts';
import {
  type AddressSource,
  addressKeys,
  addressSource,
  oneAddress,
  oneAddressError,
  oneAddressMeta,
} from './database-address.ts';
import { containerName, type PodReference, podCommand, podReference } from './pod.ts';
import { duration, path } from './units.ts';

/** The database whose backup must hold a row of this run before anything is destroyed. */
export interface WitnessSettings {
  readonly from: AddressSource;
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
  /** How a backup is taken between the two rows; without it there is only the one that lives in the WAL. */
  readonly backup?: {
    readonly pod: PodReference;
    readonly container: string;
    readonly command: readonly string[];
    readonly withinSeconds: number;
  };
}

const backup = z
  .strictObject({
    pod: podReference.describe('The pod that the backup is taken in'),
    container: containerName.describe('Its container'),
    command: podCommand.describe('What takes it: a program and its arguments; it must end with 0'),
    within: duration.prefault('10m').describe('How long it may take'),
  })
  .transform(({ within, ...value }) => ({ ...value, withinSeconds: within }))
  .describe('Takes a backup between two rows: one that is in it, and one that only the WAL has');

export const witness = z
  .strictObject({
    ...addressKeys,
    table: tableName
      .default('phoenix_witness')
      .describe('The table that the witness is written to; made where it is missing'),
    'archived-within': duration.prefault('60s').describe('How long its WAL may take to be archived'),
    'max-age': duration
      .prefault('1h')
      .describe('For how long an archived witness stands for a database that does not answer any more'),
    'ca-file': path.optional().describe("PEM file with the CA of the server's certificate"),
    backup: backup.optional(),
  })
  .refine(oneAddress, oneAddressError)
  .meta(oneAddressMeta)
  .describe('The database whose backup must hold a row of this run before anything is destroyed')
  .transform((value): WitnessSettings => {
    const { at, table, 'ca-file': caFile, backup: taken } = value;
    return {
      from: addressSource(value),
      table: table.split('.'),
      archivedWithinSeconds: value['archived-within'],
      maxAgeSeconds: value['max-age'],
      ...(at === undefined ? {} : { at }),
      ...(caFile === undefined ? {} : { caFile }),
      ...(taken === undefined ? {} : { backup: taken }),
    };
  });
