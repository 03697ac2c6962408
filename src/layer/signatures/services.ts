import { again, inUnit, quoted, type Signature } from './signature.ts';

/** Restores and secret stores. */
export const serviceSignatures: readonly Signature[] = [
  {
    id: 'pgbackrest-path',
    code: 'PHX-LAYER-PGBACKREST',
    patterns: [
      /'[^']*' must begin with \/ for 'repo\d*-path' option/,
      /repo\d*-path\b.{0,80}\bmust begin with (?:a )?'?\//i,
    ],
    cause: "pgBackRest's repo1-path has no leading slash.",
    next: (scene) =>
      `Write it as an absolute path in the bucket, e.g. repo1-path: /pgbackrest/DATABASE/repo1. ${again(scene)}`,
  },
  {
    id: 'pgbackrest-option',
    code: 'PHX-LAYER-PGBACKREST',
    patterns: [/\[037\]:? ?.{0,80}requires option: (\S+)/],
    cause: ({ match }) =>
      `pgBackRest has no ${match[1]}. A restore runs in a Job of its own, which does not see the cluster's own backup secret.`,
    next: (scene) =>
      `Name the secret again under spec.dataSource.pgbackrest.configuration, beside backups.pgbackrest.configuration. ${again(scene)}`,
  },
  {
    id: 'infisical-exists',
    code: 'PHX-LAYER-EXISTS',
    patterns: [/\bSecret already exists?\b/i, /Failed to create secret that already exists/i],
    cause:
      'The secret is in Infisical, but not in the state: an earlier run made it and its state was lost, or somebody added it by hand.',
    next: (scene) =>
      `Remove it in Infisical, or take it into the state: ${inUnit(scene, `terragrunt import ${quoted(scene.address)} ID`)}. ${again(scene)}`,
  },
  {
    id: 'infisical-region',
    code: 'PHX-LAYER-INFISICAL',
    patterns: [
      /\b(?:app|us|eu)\.infisical\.com\b.{0,300}(?:\b401\b|Unauthorized|Invalid credentials|token (?:is )?expired)/i,
    ],
    cause:
      'Infisical refused the login. An identity lives in one region; the other region answers just so, and an operator may then hand out empty values.',
    next: (scene) =>
      `See which region the identity was made in: eu.infisical.com or app.infisical.com (US), and write that host everywhere. ${again(scene)}`,
  },
  {
    id: 'secret-empty',
    code: 'PHX-LAYER-INFISICAL',
    patterns: [/\bsecret value (?:is|was) empty\b/i, /\b(?:synced|arrived) with empty values?\b/i],
    cause: 'A secret arrived, but empty: it has no value there, or the store asks the wrong region.',
    next: (scene) =>
      `See the value and the store's host (eu.infisical.com or app.infisical.com). ${again(scene)}`,
  },
];
