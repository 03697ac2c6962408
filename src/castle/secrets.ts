import { z } from 'zod';
import { layerName, path, secretName, secureAddress, variableName, words } from './units.ts';

/** Where the secrets come from. */
export type SecretSource =
  | {
      readonly kind: 'infisical';
      readonly host: string;
      readonly identityId: string;
      readonly project: { readonly id: string } | { readonly slug: string };
      readonly environment: string;
      readonly path: string;
      /** Whether the folders below `path` are read too. */
      readonly recursive: boolean;
      readonly audience?: string;
      /** A PEM file with the CA that signed the certificate of the source; absolute. */
      readonly caFile?: string;
    }
  | HashicorpSource
  | { readonly kind: 'files'; readonly dir: string };

/** HashiCorp Vault: a KV engine behind JWT auth. */
export interface HashicorpSource {
  readonly kind: 'hashicorp-vault';
  readonly address: string;
  readonly namespace?: string;
  /** Where the JWT auth is mounted. */
  readonly auth: string;
  readonly role: string;
  readonly audience?: string;
  /** Where the KV engine is mounted. */
  readonly mount: string;
  readonly path: string;
  readonly caFile?: string;
}

/** A secret and who may see it. */
export interface Secret {
  readonly name: string;
  /** May be empty: the claim takes its secrets by name, not by layer. */
  readonly layers: readonly string[];
  readonly as: 'tfvar' | 'file' | 'env';
  /** The OpenTofu variable (tfvar, file) or environment variable (env) that carries it. */
  readonly variable: string;
  /** The folder of the source that it lies in, where that is another than the source's own. */
  readonly path?: string;
  /** The key in HashiCorp Vault, or the file's name, where that is another than the secret's. */
  readonly key?: string;
}

const folderForm = 'a folder that begins with `/`';
const folder = z.string({ error: folderForm }).startsWith('/', folderForm);

const infisical = z
  .strictObject({
    host: secureAddress.describe('Address of the Infisical instance, e.g. https://eu.infisical.com'),
    'identity-id': words.describe('Id of the machine identity that has OIDC authentication'),
    'project-id': words.optional(),
    'project-slug': words.optional(),
    environment: words.describe('Slug of the environment, e.g. prod'),
    path: folder.default('/'),
    recursive: z.boolean().default(false).describe('Read the folders below `path` too'),
    audience: words.optional().describe('Audience of the OIDC token; Infisical must expect the same'),
    'ca-file': path
      .optional()
      .describe("PEM file with the CA of Infisical's certificate, where it is your own"),
  })
  .refine((value) => (value['project-id'] === undefined) !== (value['project-slug'] === undefined), {
    error: 'either `project-id` or `project-slug`',
  })
  .meta({ oneOf: [{ required: ['project-id'] }, { required: ['project-slug'] }] });

const mountForm = 'a path of letters, digits, `_`, `-` and `/`, such as `secret`';
const mount = z.string({ error: mountForm }).regex(/^[\w-]+(?:\/[\w-]+)*\/?$/, mountForm);

const hashicorp = z.strictObject({
  address: secureAddress.describe('Address of HashiCorp Vault, e.g. https://vault.example.org:8200'),
  namespace: mount.optional().describe('Namespace of HCP or Enterprise'),
  auth: mount.default('jwt').describe('Where the JWT auth is mounted'),
  role: words.describe('Role of the JWT auth'),
  audience: words.optional().describe("Audience of the OIDC token: one of the role's `bound_audiences`"),
  mount: mount.default('secret').describe('Where the KV engine is mounted'),
  path: folder.describe('Where in it the secrets are, each a key'),
  'ca-file': path.optional().describe('PEM file with the CA of its certificate, where it is your own'),
});

const source = z
  .strictObject({
    infisical: infisical.optional(),
    'hashicorp-vault': hashicorp.optional(),
    files: z.strictObject({ dir: path.describe('Folder with one file a secret') }).optional(),
  })
  .refine((value) => Object.values(value).filter((one) => one !== undefined).length === 1, {
    error: 'one of `infisical`, `hashicorp-vault` and `files`',
  })
  .meta({ minProperties: 1, maxProperties: 1 })
  .describe('Where the secrets are read from');

const secret = z.strictObject({
  layers: z.array(layerName).default([]).describe('The only layers that are given this secret'),
  as: z.enum(['tfvar', 'file', 'env']).default('tfvar').describe('How a layer is given it'),
  name: variableName
    .optional()
    .describe('The variable that carries it: by default the name in lower case; for env, the name'),
  path: folder
    .optional()
    .describe(
      'The folder of Infisical or path of HashiCorp Vault that it lies in, where not the one of the source',
    ),
  key: words
    .optional()
    .describe("Its key in HashiCorp Vault or its file's name, where that is not the secret's name"),
});

export const secrets = z
  .object({ source: source.optional() })
  .catchall(secret)
  .superRefine(
    (value, context) => {
      for (const key of Object.keys(value)) {
        if (key !== 'source' && !secretName.safeParse(key).success)
          context.addIssue({ code: 'unrecognized_keys', keys: [key], input: value });
      }
    },
    // Also where a value inside is wrong: a misspelt `source` is first of all a key that is none.
    { when: ({ value }) => typeof value === 'object' && value !== null },
  )
  .refine(
    ({ source: from, ...named }) =>
      from?.files === undefined || Object.values(named).every(({ path: own }) => own === undefined),
    'no `path` of a single secret, for files have one folder',
  )
  .refine(
    ({ source: from, ...named }) =>
      from?.infisical === undefined || Object.values(named).every(({ key }) => key === undefined),
    'no `key` of a single secret, for in Infisical it is called like the secret',
  )
  .refine(
    ({ source: from, ...named }) =>
      from?.files === undefined ||
      Object.values(named).every(({ key = 'name' }) => !key.includes('/') && !/^\.{1,2}$/.test(key)),
    "in `key` the name of a file in the source's folder",
  )
  .meta({ propertyNames: { pattern: '^(?:source|[A-Z][A-Z0-9_]*)$' } })
  .describe('The source, and each secret by its name in capitals')
  .transform(({ source: from, ...named }) => ({
    source: from && sourceOf(from),
    list: Object.entries(named).map(([name, use]) => secretOf(name, use)),
  }));

function sourceOf({
  infisical: from,
  files,
  'hashicorp-vault': vault,
}: z.output<typeof source>): SecretSource | undefined {
  if (files !== undefined) return { kind: 'files', dir: files.dir };
  if (vault !== undefined) {
    const { 'ca-file': caFile, namespace, audience, ...plain } = vault;
    return {
      kind: 'hashicorp-vault',
      ...plain,
      ...(namespace === undefined ? {} : { namespace }),
      ...(audience === undefined ? {} : { audience }),
      ...(caFile === undefined ? {} : { caFile }),
    };
  }
  if (from === undefined) return undefined;
  const { host, environment, path: own, recursive, audience } = from;
  return {
    kind: 'infisical',
    host,
    identityId: from['identity-id'],
    project:
      from['project-id'] === undefined ? { slug: from['project-slug'] ?? '' } : { id: from['project-id'] },
    environment,
    path: own,
    recursive,
    ...(audience === undefined ? {} : { audience }),
    ...(from['ca-file'] === undefined ? {} : { caFile: from['ca-file'] }),
  };
}

function secretOf(name: string, use: z.output<typeof secret>): Secret {
  const { layers, as, name: variable, path: own, key } = use;
  return {
    name,
    layers,
    as,
    variable: variable ?? (as === 'env' ? name : name.toLowerCase()),
    ...(own === undefined ? {} : { path: own }),
    ...(key === undefined ? {} : { key }),
  };
}
