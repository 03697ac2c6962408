import { createHash } from 'node:crypto';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Edge } from '../edge.ts';
import { messageOf, PhoenixError } from '../errors.ts';
import { loadLibrary } from './load.ts';
import { inScratch } from './scratch.ts';

/** A part of a matrix run: the plan, a leg by its layers, the verification. */
export interface Part {
  readonly castle: string;
  readonly part: string;
}

type World = Pick<Edge, 'env'>;

/** How long a part is kept: the reports of a workflow run are joined minutes later, and looked at for some days. */
const keptDays = 14;

/**
 * Hands `file` over to later jobs of this workflow run, as an artifact. Each attempt has its own, since one that is there
 * cannot be replaced. Throws PHX-ARTIFACT-KEEP.
 */
export async function keepPart(file: string, { castle, part }: Part, { env }: World): Promise<void> {
  try {
    await upload(file, 'part.json', `${prefixOf(castle)}${tame(part)}.${attemptOf(env)}`, { env });
  } catch (cause) {
    throw new PhoenixError({
      code: 'PHX-ARTIFACT-KEEP',
      class: 'report',
      what: 'The report of this job could not be handed over to the job that joins them.',
      why: messageOf(cause),
      next: 'See whether this server takes artifacts (GitHub Enterprise Server: version 3.20 or newer) and whether its storage is full.',
      cause,
    });
  }
}

/**
 * Keeps the page of a run as an artifact of its own, as the file that it is: the workflow run's page on GitHub opens it in
 * the browser. Its name is none of a part's. Throws PHX-ARTIFACT-PAGE.
 */
export async function keepPageFile(file: string, { castle, part }: Part, { env }: World): Promise<void> {
  try {
    const name = `phoenix-page.${tame(castle)}.${tame(part)}.${attemptOf(env)}.html`;
    await upload(file, name, name, { env, skipArchive: true });
  } catch (cause) {
    throw new PhoenixError({
      code: 'PHX-ARTIFACT-PAGE',
      class: 'report',
      what: 'The page of this run could not be kept as an artifact.',
      why: messageOf(cause),
      next: 'It lies where the output `page` says; see whether this server takes artifacts and whether its storage is full.',
      cause,
    });
  }
}

const attemptOf = (env: World['env']) => env['GITHUB_RUN_ATTEMPT'] ?? '1';

/** Uploads a copy of `file`, called `as`, as the artifact `name`. */
async function upload(
  file: string,
  as: string,
  name: string,
  { env, ...options }: World & { readonly skipArchive?: boolean },
): Promise<void> {
  await inScratch(env, async (folder) => {
    const copy = join(folder, as);
    await copyFile(file, copy);
    const { DefaultArtifactClient } = await loadLibrary();
    await new DefaultArtifactClient().uploadArtifact(name, [copy], folder, {
      retentionDays: keptDays,
      ...options,
    });
  });
}

/**
 * Fetches the newest attempt of every part of this workflow run into a new folder below `into`, and gives those that are
 * there and could not be fetched: they are as good as missing. Throws PHX-ARTIFACT-TAKE where not even a list is given.
 */
export async function takeParts(
  castle: string,
  into: string,
): Promise<{ readonly part: string; readonly why: string }[]> {
  try {
    const { DefaultArtifactClient } = await loadLibrary();
    const client = new DefaultArtifactClient();
    const { artifacts } = await client.listArtifacts();
    const newest = new Map<string, { readonly id: number; readonly attempt: number }>();
    for (const { id, name } of artifacts) {
      const parsed = /^(.+)\.(\d+)$/.exec(name);
      if (parsed === null || !name.startsWith(prefixOf(castle))) continue;
      const [, part = '', attempt = ''] = parsed;
      if ((newest.get(part)?.attempt ?? 0) < Number(attempt))
        newest.set(part, { id, attempt: Number(attempt) });
    }
    const lost: { part: string; why: string }[] = [];
    for (const [part, { id }] of newest) {
      const path = join(into, part);
      await mkdir(path, { recursive: true });
      await client.downloadArtifact(id, { path }).catch((cause: unknown) => {
        lost.push({ part: part.slice(prefixOf(castle).length), why: messageOf(cause) });
      });
    }
    return lost;
  } catch (cause) {
    throw new PhoenixError({
      code: 'PHX-ARTIFACT-TAKE',
      class: 'report',
      what: 'The reports of the other jobs could not be fetched.',
      why: messageOf(cause),
      next: 'Run this job again: the reports are kept for some days.',
      cause,
    });
  }
}

function prefixOf(castle: string): string {
  return `phoenix.${tame(castle)}.`;
}

/** GitHub refuses slashes, colons, quotes and the like in the name of an artifact; two names stay two. */
function tame(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9_-]+/g, '-').slice(0, 120);
  if (plain === name) return name;
  return `${plain}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}
