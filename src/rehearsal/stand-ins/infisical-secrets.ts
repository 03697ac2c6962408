import { createHash } from 'node:crypto';
import type { FaultPlan } from './faults.ts';
import type { Identity, InfisicalConfig } from './infisical-config.ts';
import { forbidden, notFound, permissionDenied } from './infisical-refusal.ts';

export interface SecretScope {
  readonly version: 'v3' | 'v4';
  readonly projectId: string | undefined;
  readonly projectSlug: string | undefined;
  readonly environment: string;
  readonly path: string;
  readonly view: boolean;
  readonly imports: boolean;
  readonly recursive: boolean;
}

type Stored = InfisicalConfig['secrets'][number];
type Faults = FaultPlan<'infisical'>;

/** Everything that is listed for `identity` in `scope`, the silent 200s of the real server included. */
export function listSecrets(config: InfisicalConfig, faults: Faults, identity: Identity, scope: SecretScope) {
  assertMember(config, faults, identity, scope);
  const nothing = { secrets: [], imports: [] };
  if (identity.role === 'none' || faults.strikes('no-read') || faults.strikes('missing-folder'))
    return nothing;
  const show = shower(config, faults, identity, scope);
  const here = config.secrets.filter((one) => isIn(one, scope.environment, scope.path, scope.recursive));
  const imports = importsOf(config, scope).map(({ from }) => ({
    secretPath: from.path,
    environment: from.environment,
    folderId: idOf(from.environment, from.path),
    secrets: config.secrets.filter((one) => isIn(one, from.environment, from.path, false)).map(show),
  }));
  return { secrets: here.map(show), imports };
}

/** One secret by its key; its folder's own first, then the imports from the last. */
export function getSecret(
  config: InfisicalConfig,
  faults: Faults,
  identity: Identity,
  scope: SecretScope,
  key: string,
) {
  assertMember(config, faults, identity, scope);
  if (identity.role === 'none' || faults.strikes('no-read')) throw permissionDenied('read', 'secrets');
  const cluster = scope.version === 'v3';
  const missing =
    faults.strikes('missing-secret') ||
    (cluster &&
      (faults.strikes('cluster-missing') || (key !== config.token && faults.strikes('cluster-late'))));
  const folders = [
    { environment: scope.environment, path: scope.path },
    ...importsOf(config, scope)
      .map(({ from }) => from)
      .reverse(),
  ];
  const found = folders.flatMap((folder) =>
    config.secrets.filter((one) => one.key === key && isIn(one, folder.environment, folder.path, false)),
  )[0];
  if (found === undefined || missing) throw notFound(`Secret with name '${key}' not found`);
  return { secret: shower(config, faults, identity, scope)(found) };
}

function assertMember(config: InfisicalConfig, faults: Faults, identity: Identity, scope: SecretScope): void {
  const { id, slug } = config.project;
  if (scope.projectId !== id && scope.projectSlug !== slug) {
    throw notFound(
      scope.projectId === undefined
        ? `Project with slug '${scope.projectSlug}' not found`
        : `Project with ID '${scope.projectId}' not found`,
    );
  }
  if (identity.role === 'not-a-member' || faults.strikes('403-not-a-member')) {
    throw forbidden('You are not a member of this project');
  }
}

function shower(config: InfisicalConfig, faults: Faults, identity: Identity, scope: SecretScope) {
  const cluster = scope.version === 'v3';
  const empty = faults.strikes('empty-secret') || (cluster && faults.strikes('cluster-empty'));
  const renamed = faults.strikes('missing-secret') || (cluster && faults.strikes('cluster-missing'));
  const hidden = identity.role === 'describe' || !scope.view || faults.strikes('hidden');
  return (stored: Stored) => {
    const id = idOf(stored.environment, stored.path, stored.key);
    const value = hidden ? '<hidden-by-infisical>' : stored.value;
    return {
      id,
      _id: id,
      workspace: config.project.id,
      environment: stored.environment,
      version: 1,
      type: 'shared',
      secretKey: renamed ? `${stored.key}_OLD` : stored.key,
      secretValue: empty ? '' : value,
      secretComment: '',
      secretPath: stored.path,
      secretValueHidden: hidden,
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
      secretMetadata: [],
      tags: [],
    };
  };
}

function importsOf(config: InfisicalConfig, scope: SecretScope) {
  if (!scope.imports) return [];
  return config.imports.filter(
    ({ into }) => into.environment === scope.environment && folderOf(into.path) === folderOf(scope.path),
  );
}

function isIn(stored: Stored, environment: string, path: string, recursive: boolean): boolean {
  const folder = folderOf(path);
  const of = folderOf(stored.path);
  return stored.environment === environment && (of === folder || (recursive && of.startsWith(folder)));
}

function folderOf(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}

/** The same id for the same place in every run. */
function idOf(...parts: readonly string[]): string {
  const hex = createHash('sha256').update(parts.join('\0')).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
