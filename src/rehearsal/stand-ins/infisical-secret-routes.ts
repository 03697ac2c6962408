import { z } from 'zod';
import { badRequest, forbidden, notFound, parseRequest } from './infisical-refusal.ts';
import { getSecret, listSecrets, type SecretScope } from './infisical-secrets.ts';
import { type Asked, callerOf, exactly, type RouteTable, type Server } from './infisical-server.ts';

/** Secrets by API v4 (current) and v3 (what External Secrets Operator's client calls), and projects by slug. */
export const secretRoutes: RouteTable = [
  ['GET', exactly('/api/v4/secrets'), listV4],
  ['GET', exactly('/api/v4/secrets/([^/]+)'), getV4],
  ['GET', exactly('/api/v3/secrets/raw'), listV3],
  ['GET', exactly('/api/v3/secrets/raw/([^/]+)'), getV3],
  ['GET', exactly('/api/v1/projects/slug/([^/]+)'), getProject],
  ['GET', exactly('/api/v1/workspace/slug/([^/]+)'), getProject],
  ['GET', exactly('/api/v1/projects/([^/]+)'), getProjectById],
];

const query = z.object({
  environment: z.string().trim().min(1),
  secretPath: z.string().default('/'),
  viewSecretValue: z.enum(['true', 'false']).default('true'),
  recursive: z.enum(['true', 'false']).default('false'),
  include_imports: z.enum(['true', 'false']).optional(),
  includeImports: z.enum(['true', 'false']).optional(),
  projectId: z.string().optional(),
  workspaceId: z.string().optional(),
  workspaceSlug: z.string().optional(),
});
const queryV4 = query.extend({ projectId: z.string().min(1) });

function scopeOf({ call }: Asked, version: 'v3' | 'v4'): SecretScope {
  const schema: z.ZodType<z.output<typeof query>> = version === 'v4' ? queryV4 : query;
  const asked = parseRequest(schema, Object.fromEntries(call.url.searchParams));
  const projectId = (version === 'v4' ? asked.projectId : asked.workspaceId) || undefined;
  const projectSlug = (version === 'v4' ? undefined : asked.workspaceSlug) || undefined;
  if (projectId === undefined && projectSlug === undefined) throw badRequest('Missing workspace id');
  return {
    version,
    projectId,
    projectSlug,
    environment: asked.environment,
    path: asked.secretPath,
    view: asked.viewSecretValue === 'true',
    imports: (asked.includeImports ?? asked.include_imports) === 'true',
    recursive: asked.recursive === 'true',
  };
}

async function listOf(server: Server, asked: Asked, version: 'v3' | 'v4'): Promise<unknown> {
  return listSecrets(server.config, server.faults, await callerOf(server, asked), scopeOf(asked, version));
}

async function getOf(server: Server, asked: Asked, version: 'v3' | 'v4'): Promise<unknown> {
  const identity = await callerOf(server, asked);
  return getSecret(server.config, server.faults, identity, scopeOf(asked, version), asked.id);
}

async function listV4(server: Server, asked: Asked): Promise<unknown> {
  return await listOf(server, asked, 'v4');
}

async function getV4(server: Server, asked: Asked): Promise<unknown> {
  return await getOf(server, asked, 'v4');
}

async function listV3(server: Server, asked: Asked): Promise<unknown> {
  return await listOf(server, asked, 'v3');
}

async function getV3(server: Server, asked: Asked): Promise<unknown> {
  return await getOf(server, asked, 'v3');
}

async function getProjectById(server: Server, asked: Asked): Promise<unknown> {
  const { role } = await callerOf(server, asked);
  const { id, slug } = server.config.project;
  if (id !== asked.id) throw notFound(`Project with ID '${asked.id}' not found`);
  if (role === 'not-a-member') throw forbidden('You are not a member of this project');
  return { project: { id, _id: id, slug, name: slug } };
}

async function getProject(server: Server, asked: Asked): Promise<unknown> {
  await callerOf(server, asked);
  const { project } = server.config;
  if (project.slug !== asked.id) throw notFound(`Project with slug '${asked.id}' not found`);
  return { id: project.id, _id: project.id, slug: project.slug, name: project.slug };
}
