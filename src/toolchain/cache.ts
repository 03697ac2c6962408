import { readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { cacheDir, find } from '@actions/tool-cache';
import { z } from 'zod';
import { sha256File, wrongDigest } from './digest.ts';
import { diskFull, isDiskFull } from './disk.ts';
import { contradiction } from './lock.ts';
import { layout } from './stage.ts';
import { type InstalledTool, type Miss, miss, type Site, type Staged, type Wanted } from './tool.ts';
import { tools } from './tools.ts';

const receiptSchema = z.object({
  schema: z.literal(1),
  sha256: z.string(),
  crds: z.string().optional(),
  origin: z.object({
    source: z.enum(['release', 'mirror', 'go']),
    from: z.string(),
    archive: z.string().optional(),
    go: z.string().optional(),
    sum: z.string().optional(),
  }),
});

/**
 * Points @actions/tool-cache, which reads nothing but process.env, at the folder: the caller's, the runner's, or the
 * user's own cache on a machine that is no runner.
 */
export function useCacheFolder(env: NodeJS.ProcessEnv, chosen: string | undefined): string {
  const xdg = env['XDG_CACHE_HOME'];
  const user = xdg !== undefined && isAbsolute(xdg) ? xdg : join(env['HOME'] ?? homedir(), '.cache');
  const folder = chosen ?? (env['RUNNER_TOOL_CACHE'] || join(user, 'phoenix', 'tools'));
  process.env['RUNNER_TOOL_CACHE'] = folder;
  process.env['RUNNER_TEMP'] ||= env['RUNNER_TEMP'] ?? tmpdir();
  return folder;
}

/**
 * The tool from the cache, its bytes hashed again and held against its receipt and the lock. Throws
 * PHX-TOOLCHAIN-DIGEST where they differ, and deletes it then.
 */
export async function fromCache(
  site: Pick<Site, 'lock' | 'platform' | 'cache'>,
  { name, version }: Wanted,
): Promise<Omit<InstalledTool, 'seconds'> | Miss> {
  const folder = find(name, version, site.platform.key);
  if (folder === '') return miss('cache', `nothing in ${site.cache}`);
  const receipt = receiptSchema.safeParse(await readJson(layout.receipt(folder)));
  if (!receipt.success) return miss('cache', `${folder} has no receipt`);
  const { sha256, crds, origin } = receipt.data;
  const file = layout.binary(folder, name);
  const crdFile = layout.crds(folder, name);
  const [foundBinary, foundCrds] = await Promise.all([
    sha256File(file).catch(() => undefined),
    crds === undefined ? undefined : sha256File(crdFile).catch(() => undefined),
  ]);
  if (foundBinary === undefined || (crds !== undefined && foundCrds === undefined))
    return miss('cache', `${folder} is not whole`);
  const differing =
    foundBinary !== sha256
      ? { file, expected: sha256, found: foundBinary, by: 'its receipt' }
      : foundCrds !== crds
        ? { file: crdFile, expected: crds ?? '', found: foundCrds ?? '', by: 'its receipt' }
        : undefined;
  const entry = site.lock.entry(name, version, site.platform.key);
  const against = contradiction(entry, { sha256, crds, origin: defined(origin) });
  const wrong = differing ?? (against && { file, ...against, by: 'phoenix.lock' });
  if (wrong !== undefined) {
    await rm(folder, { recursive: true, force: true });
    await rm(`${folder}.complete`, { force: true });
    throw wrongDigest({
      what: `${wrong.file} (${name} ${version}) in the tool cache`,
      expected: wrong.expected,
      expectedBy: wrong.by,
      found: wrong.found,
      next: 'Find out who writes to that folder besides Phoenix, then run again: the tool is installed anew.',
    });
  }
  if (origin.go !== undefined && origin.sum !== undefined) {
    const build = { sha256, ...(crds === undefined ? {} : { crds }), source: 'computed here' };
    await site.lock.record(name, version, site.platform.key, {
      go: {
        module: tools[name].go?.module ?? '',
        sum: origin.sum,
        source: sumSource,
        builds: { [origin.go]: build },
      },
    });
  }
  const assets = crds === undefined ? '' : folder;
  return { name, version, file, assets, source: 'cache', sha256 };
}

export const sumSource = 'Go checksum database, asked by go itself';

/** Puts a staged tool into the cache. The marker that makes it count is written last, so half a copy is none. */
export async function intoCache(site: Site, { name, version }: Wanted, staged: Staged): Promise<void> {
  const { sha256, crds, origin } = staged;
  await writeFile(
    layout.receipt(staged.folder),
    `${JSON.stringify({ schema: 1, sha256, crds, origin }, null, 2)}\n`,
  );
  try {
    await cacheDir(staged.folder, name, version, site.platform.key);
  } catch (error) {
    if (isDiskFull(error)) throw await diskFull(site.cache, `${name} could not be put into the tool cache`);
    throw error;
  }
  await rm(dirname(layout.receipt(staged.folder)), { recursive: true, force: true });
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Without the keys whose value is undefined. */
function defined(origin: z.infer<typeof receiptSchema>['origin']) {
  const { archive, go, sum } = origin;
  return { ...(archive && { archive }), ...(go && { go }), ...(sum && { sum }) };
}
