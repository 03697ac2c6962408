import { z } from 'zod';
import {
  type AddressSource,
  addressKeys,
  addressSource,
  oneAddress,
  oneAddressError,
  oneAddressMeta,
} from './database-address.ts';
import { containerName, type PodReference, podCommand, podReference } from './pod.ts';
import { duration, path, words } from './units.ts';

/** A table whose content a witness holds. */
export interface TableSettings {
  /** Schema and name, or the name alone. */
  readonly name: readonly string[];
  /** The columns that give its rows an order in which new rows come last. */
  readonly orderBy: readonly string[];
  /** A column that grows with each new row: timestamptz, timestamp or date. */
  readonly time?: string;
}

export interface DatabaseSettings {
  /** The user who looks: it reads the tables, writes a row and ends a WAL segment. */
  readonly from: AddressSource;
  readonly at?: { readonly host: string; readonly port: number };
  /** A PEM file with the CA of the server's certificate; absolute. */
  readonly caFile?: string;
  /** pgBackRest's stanza. */
  readonly stanza: string;
  readonly backup?: {
    readonly pod: PodReference;
    readonly container: string;
    /** Prints `pgbackrest info --output=json`. */
    readonly command: readonly string[];
    readonly maxAgeSeconds: number;
  };
  /** What restores: a container of a pod that ends with 0, or a Job. */
  readonly restore?:
    | { readonly kind: 'pod'; readonly pod: PodReference; readonly container: string }
    | { readonly kind: 'job'; readonly namespace: string; readonly name: string };
  readonly tables: readonly TableSettings[];
  /** The application, by its own credential. */
  readonly app?: {
    readonly from: AddressSource;
    readonly at?: { readonly host: string; readonly port: number };
    readonly query: string;
  };
}

const tableForm = 'a table as NAME or SCHEMA.NAME, in lower-case letters, digits and `_`';
export const tableName = z
  .string({ error: tableForm })
  .regex(/^[a-z_][a-z0-9_]{0,62}(?:\.[a-z_][a-z0-9_]{0,62})?$/, tableForm);
const columnForm = 'a column in lower-case letters, digits and `_`';
const column = z.string({ error: columnForm }).regex(/^[a-z_][a-z0-9_]{0,62}$/, columnForm);

const table = z
  .strictObject({
    name: tableName.describe('The table, as NAME or SCHEMA.NAME'),
    'order-by': z
      .union([column, z.array(column).min(1, columnForm)], { error: columnForm })
      .describe('The columns by which new rows come last, such as its id'),
    time: column.optional().describe('The column with the moment of a row'),
  })
  .transform(
    ({ name, 'order-by': orderBy, time }): TableSettings => ({
      name: name.split('.'),
      orderBy: [orderBy].flat(),
      ...(time === undefined ? {} : { time }),
    }),
  );

const backup = z
  .strictObject({
    pod: podReference.describe('The pod that pgBackRest is asked in'),
    container: containerName.describe('Its container'),
    command: podCommand.optional().describe('What is run there; by default `pgbackrest info` of the stanza'),
    'max-age': duration.prefault('24h').describe('How old the newest backup may be'),
  })
  .describe('How the repository of backups is asked');

const jobForm = 'a Job as NAMESPACE/NAME';
const restore = z
  .strictObject({
    pod: podReference.optional().describe('The pod with the container that restores'),
    container: containerName.optional().describe('That container'),
    job: z
      .string({ error: jobForm })
      .regex(/^[a-z0-9][a-z0-9-]{0,62}\/[a-z0-9][a-z0-9.-]{0,252}$/, jobForm)
      .optional()
      .describe('Or the Job that restores, as NAMESPACE/NAME'),
  })
  .refine(
    ({ pod, container, job }) =>
      job === undefined
        ? pod !== undefined && container !== undefined
        : pod === undefined && container === undefined,
    { error: 'either `pod` and `container`, or `job`' },
  )
  .meta({ oneOf: [{ required: ['pod', 'container'] }, { required: ['job'] }] })
  .transform(({ pod, container, job }): NonNullable<DatabaseSettings['restore']> => {
    if (pod !== undefined && container !== undefined) return { kind: 'pod', pod, container };
    const [namespace = '', name = ''] = (job ?? '').split('/');
    return { kind: 'job', namespace, name };
  })
  .describe('What fills the database from its backup');

const app = z
  .strictObject({
    ...addressKeys,
    query: words.default('SELECT 1').describe('What it asks; it must be answered'),
  })
  .refine(oneAddress, oneAddressError)
  .meta(oneAddressMeta)
  .transform((value): NonNullable<DatabaseSettings['app']> => {
    const { at, query } = value;
    return { from: addressSource(value), query, ...(at === undefined ? {} : { at }) };
  })
  .describe("The application's own credential, and what it asks by it");

export const database = z
  .strictObject({
    ...addressKeys,
    'ca-file': path.optional().describe("PEM file with the CA of the server's certificate"),
    stanza: words.describe("pgBackRest's stanza"),
    backup: backup.optional(),
    restore: restore.optional(),
    tables: z
      .array(table)
      .max(50, 'at most 50 tables')
      .default([])
      .describe('Tables whose rows must come back as they were'),
    app: app.optional(),
  })
  .refine(oneAddress, oneAddressError)
  .meta(oneAddressMeta)
  .describe('The database, as it must come back from its backup')
  .transform((value): DatabaseSettings => {
    const { at, 'ca-file': caFile, stanza, backup: asked, restore: restoring, app: application } = value;
    return {
      from: addressSource(value),
      stanza,
      tables: value.tables,
      ...(at === undefined ? {} : { at }),
      ...(caFile === undefined ? {} : { caFile }),
      ...(asked === undefined
        ? {}
        : {
            backup: {
              pod: asked.pod,
              container: asked.container,
              command: asked.command ?? ['pgbackrest', `--stanza=${stanza}`, '--output=json', 'info'],
              maxAgeSeconds: asked['max-age'],
            },
          }),
      ...(restoring === undefined ? {} : { restore: restoring }),
      ...(application === undefined ? {} : { app: application }),
    };
  });
