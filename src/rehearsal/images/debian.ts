import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { apt } from './apt.ts';
import { imageFailure, lastWords } from './failure.ts';
import type { Store } from './store.ts';

/** What a root file system is made of: packages of the machine's own distribution, and all that they depend on. */
export interface Wanted {
  readonly packages: readonly string[];
  /** Packages that are left out though others ask for them, and what only they ask for with them. */
  readonly without?: RegExp;
}

/** A package as a file: its name holds package, version and architecture. */
export interface Package {
  readonly name: string;
  readonly file: string;
}

/** Package lists that somebody has fetched already, as the machine's apt keeps them. */
const machineLists = '/var/lib/apt/lists';

/**
 * Finds and fetches packages with their dependencies by the apt of this machine: its sources, its keys, its checks of
 * signatures. Its state is neither read (nothing counts as installed) nor changed, and root is not needed. Answers in
 * milliseconds while the lists are the same. Throws PHX-BOX-IMAGE.
 */
export async function debianPackages(wanted: Wanted, store: Store): Promise<readonly Package[]> {
  const debs = join(store.cacheDir, 'debs');
  const known = await readFile(await closureFile(wanted, store), 'utf8').catch(() => undefined);
  if (known !== undefined) return (JSON.parse(known) as string[]).map((name) => packageAt(debs, name));
  const files = await fetched(wanted, store);
  await mkdir(join(store.cacheDir, 'closures'), { recursive: true });
  // Named anew: with lists of its own, a fetch changes what the name stands for.
  await writeFile(await closureFile(wanted, store), JSON.stringify(files));
  return files.map((name) => packageAt(debs, name));
}

/** The same packages, with every file really there: the cache may have lost some since. */
export async function presentPackages(wanted: Wanted, store: Store): Promise<readonly Package[]> {
  const known = await debianPackages(wanted, store);
  const present = await Promise.all(
    known.map(({ file }) =>
      access(file).then(
        () => true,
        () => false,
      ),
    ),
  );
  if (present.every(Boolean)) return known;
  const files = await fetched(wanted, store);
  return files.map((name) => packageAt(join(store.cacheDir, 'debs'), name));
}

function packageAt(folder: string, name: string): Package {
  return { name, file: join(folder, name) };
}

/** The lists of the machine first; where they are missing, lack a package or are too old to fetch by, lists of our own. */
async function fetched(wanted: Wanted, store: Store): Promise<string[]> {
  const own = join(store.cacheDir, 'apt', 'lists');
  const ways = [
    { lists: machineLists, update: false },
    { lists: own, update: false },
    { lists: own, update: true },
  ];
  const reasons: string[] = [];
  for (const { lists, update } of ways) {
    if (update) {
      store.log.info('images: fetching package lists');
      const updated = await apt(['update'], lists, [], store);
      if (updated.code !== 0) throw notFetched(wanted, [...reasons, lastWords(updated)]);
    } else if ((await releaseFiles(lists)).length === 0) continue;
    const answer = await resolved(wanted, lists, store);
    if (Array.isArray(answer)) return answer;
    reasons.push(answer);
  }
  throw notFetched(wanted, reasons);
}

/** File names of the packages, all of them fetched; or why not. */
async function resolved(wanted: Wanted, lists: string, store: Store): Promise<string[] | string> {
  const install = ['install', '--yes', '--no-install-recommends', ...wanted.packages];
  let placeholders: string[] = [];
  if (wanted.without !== undefined) {
    const all = await apt(['--print-uris', ...install], lists, [], store);
    if (all.code !== 0) return lastWords(all);
    placeholders = filesIn(all.stdout).filter((name) => wanted.without?.test(nameIn(name)));
  }
  const asked = await apt(['--print-uris', ...install], lists, placeholders, store);
  if (asked.code !== 0) return lastWords(asked);
  const files = filesIn(asked.stdout).toSorted();
  if (files.length === 0) return 'apt-get names no package';
  store.log.info(`images: fetching ${files.length} packages for ${wanted.packages.join(', ')}`);
  const got = await apt(['--download-only', ...install], lists, placeholders, store);
  return got.code === 0 ? files : lastWords(got);
}

/** `'URL' FILE SIZE HASH`, a line each. */
function filesIn(uris: string): string[] {
  return [...uris.matchAll(/^'[^']+' (\S+\.deb) \d+/gm)].flatMap(([, name]) => name ?? []);
}

function nameIn(file: string): string {
  return file.split('_')[0] ?? file;
}

async function closureFile({ packages, without }: Wanted, { cacheDir }: Store): Promise<string> {
  const seen = await Promise.all([machineLists, join(cacheDir, 'apt', 'lists')].map(releaseFiles));
  const key = createHash('sha256').update(JSON.stringify([packages, without?.source, seen]));
  return join(cacheDir, 'closures', `${key.digest('hex').slice(0, 16)}.json`);
}

/** What tells one state of package lists from another. */
async function releaseFiles(lists: string): Promise<string[]> {
  const names = await readdir(lists).catch(() => []);
  return Promise.all(
    names
      .filter((name) => name.endsWith('Release'))
      .toSorted()
      .map(async (name) => {
        const { size, mtimeMs } = await stat(join(lists, name));
        return `${name} ${size} ${mtimeMs}`;
      }),
  );
}

function notFetched({ packages }: Wanted, reasons: readonly string[]) {
  return imageFailure({
    what: `The packages ${packages.join(', ')} could not be fetched.`,
    why: reasons.at(-1) ?? 'apt-get gave no reason',
    next: `See what \`apt-get update && apt-get install --download-only ${packages.join(' ')}\` says on this machine.`,
    tail: reasons,
  });
}
