import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChildResult, runChild } from '../../child.ts';
import type { Log } from '../../log.ts';
import { imageFailure, lastWords } from './failure.ts';

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

interface Site {
  readonly cacheDir: string;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Package lists that somebody has fetched already, as the machine's apt keeps them. */
const machineLists = '/var/lib/apt/lists';
const queryMs = 120_000;
const downloadMs = 20 * 60_000;

/**
 * Finds and fetches packages with their dependencies by the apt of this machine: its sources, its keys, its checks of
 * signatures. Its state is neither read (nothing counts as installed) nor changed, and root is not needed. Answers in
 * milliseconds while the lists are the same. Throws PHX-BOX-IMAGE.
 */
export async function debianPackages(wanted: Wanted, site: Site): Promise<readonly Package[]> {
  const debs = join(site.cacheDir, 'debs');
  const known = await readFile(await closureFile(wanted, site), 'utf8').catch(() => undefined);
  if (known !== undefined) return (JSON.parse(known) as string[]).map((name) => packageAt(debs, name));
  const files = await fetched(wanted, site);
  await mkdir(join(site.cacheDir, 'closures'), { recursive: true });
  // Named anew: with lists of its own, a fetch changes what the name stands for.
  await writeFile(await closureFile(wanted, site), JSON.stringify(files));
  return files.map((name) => packageAt(debs, name));
}

/** The same packages, with every file really there: the cache may have lost some since. */
export async function presentPackages(wanted: Wanted, site: Site): Promise<readonly Package[]> {
  const known = await debianPackages(wanted, site);
  const present = await Promise.all(
    known.map(({ file }) =>
      access(file).then(
        () => true,
        () => false,
      ),
    ),
  );
  if (present.every(Boolean)) return known;
  const files = await fetched(wanted, site);
  return files.map((name) => packageAt(join(site.cacheDir, 'debs'), name));
}

function packageAt(folder: string, name: string): Package {
  return { name, file: join(folder, name) };
}

/** The lists of the machine first; where they are missing, lack a package or are too old to fetch by, lists of our own. */
async function fetched(wanted: Wanted, site: Site): Promise<string[]> {
  const own = join(site.cacheDir, 'apt', 'lists');
  const ways = [
    { lists: machineLists, update: false },
    { lists: own, update: false },
    { lists: own, update: true },
  ];
  const reasons: string[] = [];
  for (const { lists, update } of ways) {
    if (update) {
      site.log.info('images: fetching package lists');
      const updated = await apt(['update'], lists, [], site);
      if (updated.code !== 0) throw notFetched(wanted, [...reasons, lastWords(updated)]);
    } else if ((await releaseFiles(lists)).length === 0) continue;
    const answer = await resolved(wanted, lists, site);
    if (Array.isArray(answer)) return answer;
    reasons.push(answer);
  }
  throw notFetched(wanted, reasons);
}

/** File names of the packages, all of them fetched; or why not. */
async function resolved(wanted: Wanted, lists: string, site: Site): Promise<string[] | string> {
  const install = ['install', '--yes', '--no-install-recommends', ...wanted.packages];
  let placeholders: string[] = [];
  if (wanted.without !== undefined) {
    const all = await apt(['--print-uris', ...install], lists, [], site);
    if (all.code !== 0) return lastWords(all);
    placeholders = filesIn(all.stdout).filter((name) => wanted.without?.test(nameIn(name)));
  }
  const asked = await apt(['--print-uris', ...install], lists, placeholders, site);
  if (asked.code !== 0) return lastWords(asked);
  const files = filesIn(asked.stdout).toSorted();
  if (files.length === 0) return 'apt-get names no package';
  site.log.info(`images: fetching ${files.length} packages for ${wanted.packages.join(', ')}`);
  const got = await apt(['--download-only', ...install], lists, placeholders, site);
  return got.code === 0 ? files : lastWords(got);
}

/** apt with a state of its own, in which nothing is installed but the placeholders. */
async function apt(
  args: readonly string[],
  lists: string,
  placeholders: readonly string[],
  { cacheDir, signal }: Site,
): Promise<ChildResult> {
  const state = join(cacheDir, 'apt');
  // Of packages that it has already, apt prints nothing.
  const query = args.includes('--print-uris');
  const debs = query ? join(state, 'none') : join(cacheDir, 'debs');
  await mkdir(join(debs, 'partial'), { recursive: true });
  await mkdir(join(state, 'lists', 'partial'), { recursive: true });
  await writeFile(join(state, 'status'), placeholders.map(installed).join('\n'));
  const settings = [
    `Dir::State=${state}`,
    `Dir::State::status=${join(state, 'status')}`,
    `Dir::State::lists=${lists}`,
    `Dir::Cache=${state}`,
    `Dir::Cache::archives=${debs}`,
    `Dir::Log=${state}`,
    // The status file changes from one call to the next.
    'Dir::Cache::pkgcache=',
    // The cache of images is locked as a whole, and the machine's own lists are only read.
    'Debug::NoLocking=true',
    'Acquire::Retries=3',
    'Acquire::Languages=none',
    'APT::Get::List-Cleanup=false',
    'quiet=2',
  ];
  const result = await runChild('apt-get', [...settings.flatMap((line) => ['-o', line]), ...args], {
    env: aptEnvironment(),
    signal,
    timeoutMs: query ? queryMs : downloadMs,
  });
  if (result.trouble !== 'ENOENT') return result;
  throw imageFailure({
    what: 'The images of the real node cannot be made on this machine.',
    why: 'There is no apt-get: PostgreSQL, pgBackRest, nginx and Hugo come from Debian or Ubuntu packages.',
    next: 'Run `rehearse --node real` on Debian or Ubuntu, or use `--node kwok` or `--node none`.',
  });
}

function aptEnvironment(): Record<string, string> {
  const passed = [
    'PATH',
    'HOME',
    'TMPDIR',
    'http_proxy',
    'https_proxy',
    'no_proxy',
    'HTTP_PROXY',
    'HTTPS_PROXY',
  ];
  const kept = passed.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
}

/** `'URL' FILE SIZE HASH`, a line each. */
function filesIn(uris: string): string[] {
  return [...uris.matchAll(/^'[^']+' (\S+\.deb) \d+/gm)].flatMap(([, name]) => name ?? []);
}

function nameIn(file: string): string {
  return file.split('_')[0] ?? file;
}

/** A package's entry in dpkg's database. Its true version, so that whoever asks for exactly that one is content. */
function installed(file: string): string {
  const [name, version = '', architecture = ''] = file.replace(/\.deb$/, '').split('_');
  return [
    `Package: ${name}`,
    // Held: apt brings what comes of one source to one version otherwise.
    'Status: hold ok installed',
    `Version: ${decodeURIComponent(version)}`,
    `Architecture: ${architecture}`,
    // Or whoever asks for it by `perl:any` would not be content.
    'Multi-Arch: allowed',
    'Maintainer: none',
    'Description: placeholder',
    '',
  ].join('\n');
}

async function closureFile({ packages, without }: Wanted, { cacheDir }: Site): Promise<string> {
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
