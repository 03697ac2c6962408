import type { z } from 'zod';
import type { Ask, Outcome } from './exchange.ts';
import { isRouteMissing, listAnswer, projectAnswer, refusalOf } from './infisical-answers.ts';
import { type InfisicalPlace, infisicalError } from './infisical-errors.ts';

type Call = (ask: Ask) => Promise<Outcome>;
type Project = { readonly id: string } | { readonly slug: string };

/** One list request, and what is looked for in its answer. */
export interface Folder {
  readonly path: string;
  readonly recursive: boolean;
  readonly names: readonly string[];
}

export interface Listed {
  readonly doing: 'project' | 'secrets';
  readonly outcome: Outcome;
}

/** Each folder that `names` lie in, the usual one first; a secret that names its folder lies exactly there. */
export function foldersOf(
  names: readonly string[],
  from: {
    readonly path: string;
    readonly recursive?: boolean;
    readonly folders?: ReadonlyMap<string, string>;
  },
): Folder[] {
  const usual: string[] = [];
  const others = new Map<string, string[]>();
  for (const name of new Set(names)) {
    const path = from.folders?.get(name);
    if (path === undefined) usual.push(name);
    else others.set(path, [...(others.get(path) ?? []), name]);
  }
  return [
    ...(usual.length > 0 || others.size === 0
      ? [{ path: from.path, recursive: from.recursive ?? false, names: usual }]
      : []),
    ...[...others].map(([path, own]) => ({ path, recursive: false, names: own })),
  ];
}

/**
 * The project as the list routes take it. Reading secrets does not take the right to look up projects: where that is
 * refused, the slug stays, and API v3 is asked by it.
 */
export async function findProject(
  call: Call,
  { host }: InfisicalPlace,
  project: Project,
  token: string,
): Promise<Project | Listed> {
  if ('id' in project) return project;
  for (const route of ['v1/projects/slug', 'v1/workspace/slug']) {
    const outcome = await call(get(`${host}/api/${route}/${encodeURIComponent(project.slug)}`, token));
    if (isRouteMissing(outcome)) continue;
    if (outcome.kind === 'json' && outcome.status === 200) {
      const found = projectAnswer.safeParse(outcome.body).data;
      if (found !== undefined) return { id: found.id };
    }
    const forbidden =
      outcome.kind === 'json' && outcome.status === 403 && refusalOf(outcome).error !== 'TokenError';
    if (!forbidden) return { doing: 'project', outcome };
  }
  return project;
}

/** The slug of a project by its id; undefined where the identity may not look it up. Not worth an error: see the caller. */
export async function findSlug(
  call: Call,
  host: string,
  id: string,
  token: string,
): Promise<string | undefined> {
  for (const route of ['v1/projects', 'v1/workspace']) {
    const outcome = await call(get(`${host}/api/${route}/${encodeURIComponent(id)}`, token));
    if (outcome.kind === 'json' && outcome.status === 200) {
      return projectAnswer.safeParse(outcome.body).data?.slug;
    }
    if (!isRouteMissing(outcome)) return undefined;
  }
  return undefined;
}

/** v4 where the server has it and the project's id is known, else v3, which takes the slug too. */
export async function listFolder(
  call: Call,
  { host, environment }: InfisicalPlace,
  project: Project,
  { path, recursive }: Folder,
  token: string,
): Promise<Listed> {
  const list = (route: string, of: Record<string, string>) => {
    const query = new URLSearchParams({
      ...of,
      environment,
      secretPath: path,
      viewSecretValue: 'true',
      expandSecretReferences: 'true',
      recursive: String(recursive),
      // The name changed between versions of v4; unknown ones are ignored.
      include_imports: 'true',
      includeImports: 'true',
    });
    return call(get(`${host}/api/${route}?${query}`, token));
  };
  if ('id' in project) {
    const outcome = await list('v4/secrets', { projectId: project.id });
    if (!isRouteMissing(outcome)) return { doing: 'secrets', outcome };
  }
  const of = 'id' in project ? { workspaceId: project.id } : { workspaceSlug: project.slug };
  return { doing: 'secrets', outcome: await list('v3/secrets/raw', of) };
}

function get(url: string, token: string): Ask {
  return { method: 'GET', url, headers: { authorization: `Bearer ${token}` } };
}

export function answerOf({ doing, outcome }: Listed, place: InfisicalPlace): z.output<typeof listAnswer> {
  const answer =
    doing === 'secrets' && outcome.kind === 'json' && outcome.status === 200
      ? listAnswer.safeParse(outcome.body).data
      : undefined;
  if (answer === undefined) throw infisicalError({ doing }, outcome, place);
  return answer;
}
