import { isMap } from '../draft.ts';
import { inspect, is, listAt, mapAt, named, textAt, textsAt, valueAt } from '../inspect.ts';
import type { GitopsFinding, Key, Resource, Rule } from '../model.ts';

const id = 'restore-trap';

/** A PostgresCluster whose restore fails, or restores less than is there. */
export const restoreTrap: Rule = {
  id,
  look: (tree) =>
    inspect(tree, (resource) => {
      if (!is(resource, 'postgres-operator.crunchydata.com', 'PostgresCluster')) return [];
      return [...relativePaths(resource), ...withoutCredentials(resource), ...losesLog(resource)];
    }),
};

const sources: readonly (readonly Key[])[] = [
  ['spec', 'dataSource', 'pgbackrest'],
  ['spec', 'backups', 'pgbackrest'],
];

function relativePaths(resource: Resource): GitopsFinding[] {
  return sources.flatMap((source) =>
    Object.entries(mapAt(resource.manifest, [...source, 'global'])).flatMap(
      ([key, value]): GitopsFinding[] => {
        if (!/^repo\d+-path$/.test(key) || typeof value !== 'string') return [];
        if (value.startsWith('/') || value.startsWith('${')) return [];
        return [
          {
            rule: id,
            severity: 'error',
            at: resource.place([...source, 'global', key]),
            what: `${named(resource)} has a ${key} that does not begin with a slash.`,
            why: 'pgBackRest takes absolute paths alone, also in a bucket: every backup and every restore ends in an error, and the database does not come back.',
            fix: `Begin ${key} with a slash, the same in backups and dataSource.`,
          },
        ];
      },
    ),
  );
}

const clouds: Readonly<
  Record<string, { readonly title: string; readonly keyless: RegExp; readonly option: string }>
> = {
  s3: { title: 'S3', keyless: /^repo\d+-s3-(?:key-type|key)$/, option: 's3-key' },
  gcs: { title: 'GCS', keyless: /^repo\d+-gcs-key(?:-type)?$/, option: 'gcs-key' },
  azure: { title: 'Azure', keyless: /^repo\d+-azure-key(?:-type)?$/, option: 'azure-key' },
};

function withoutCredentials(resource: Resource): GitopsFinding[] {
  const source: readonly Key[] = ['spec', 'dataSource', 'pgbackrest'];
  const restore = valueAt(resource.manifest, source);
  if (!isMap(restore) || listAt(restore, ['configuration']).length > 0) return [];
  const repo = mapAt(restore, ['repo']);
  const [, cloud] = Object.entries(clouds).find(([key]) => isMap(repo[key])) ?? [];
  if (cloud === undefined) return [];
  if (Object.keys(mapAt(restore, ['global'])).some((key) => cloud.keyless.test(key))) return [];
  return [
    {
      rule: id,
      severity: 'error',
      at: resource.place([...source, 'repo']),
      what: `${named(resource)} restores from ${cloud.title}, and dataSource.pgbackrest has no configuration of its own.`,
      why: `The restore Job does not see the credentials under backups: it ends with "[037] requires option: ${textAt(repo, ['name']) ?? 'repo1'}-${cloud.option}", and the database never starts.`,
      fix: 'Name the Secret with the credentials under dataSource.pgbackrest.configuration too.',
    },
  ];
}

const options: readonly (readonly Key[])[] = [
  ['spec', 'dataSource', 'pgbackrest', 'options'],
  ['spec', 'dataSource', 'postgresCluster', 'options'],
  ['spec', 'backups', 'pgbackrest', 'restore', 'options'],
];

function losesLog(resource: Resource): GitopsFinding[] {
  return options.flatMap((path) => {
    const index = textsAt(resource.manifest, path).findIndex((option) =>
      /--type[= ]"?immediate\b/.test(option),
    );
    if (index === -1) return [];
    return [
      {
        rule: id,
        severity: 'error' as const,
        at: resource.place([...path, index]),
        what: `${named(resource)} restores with --type=immediate.`,
        why: 'The restore stops where the backup ended: everything since then is lost, although its WAL lies in the repository.',
        fix: 'Leave --type out, so that all of the WAL is replayed.',
      },
    ];
  });
}
