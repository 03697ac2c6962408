import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf, PhoenixError } from '../errors.ts';
import type { Log } from '../log.ts';
import { shownPath } from '../paths.ts';
import type { Origin, ToolName } from './tool.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a sha256 in 64 lower-case hex digits');
const source = z.string().min(1);

const entrySchema = z.strictObject({
  /** The publisher's file. `binary` is what lies in it, computed from a file whose own digest matched. */
  release: z.strictObject({ file: z.string(), sha256, source, binary: sha256.optional() }).optional(),
  go: z
    .strictObject({
      module: z.string(),
      sum: z.string().startsWith('h1:'),
      source,
      /** By Go version: the same source and the same Go give the same bytes. */
      builds: z.record(
        z.string().startsWith('go'),
        z.strictObject({ sha256, crds: sha256.optional(), source }),
      ),
    })
    .optional(),
});

const lockSchema = z.strictObject({
  version: z.literal(1),
  /** tool → version → platform. */
  tools: z.record(z.string(), z.record(z.string(), z.record(z.string(), entrySchema))),
});

export type LockEntry = z.infer<typeof entrySchema>;
type LockFile = z.infer<typeof lockSchema>;

export interface Lock {
  entry(name: ToolName, version: string, platform: string): LockEntry | undefined;
  /** Adds what is new in `addition` to the file and shows it; never changes a digest that is there. */
  record(name: ToolName, version: string, platform: string, addition: LockEntry): Promise<void>;
}

/** Opens phoenix.lock; a missing file is an empty one. Throws PHX-TOOLCHAIN-LOCK where it does not fit its schema. */
export async function openLock(file: string, log: Log): Promise<Lock> {
  let content = await readLock(file);
  let writing = Promise.resolve();
  return {
    entry: (name, version, platform) => content.tools[name]?.[version]?.[platform],
    async record(name, version, platform, addition) {
      const known = content.tools[name]?.[version]?.[platform];
      const lines = news(known, addition).map((line) => `${name} ${version} ${platform} ${line}`);
      if (lines.length === 0) return;
      writing = writing.then(async () => {
        // Read again: another process may have written since.
        content = withEntry(await readLock(file), [name, version, platform], addition);
        const problem = await writeLock(file, content).then(() => undefined, messageOf);
        for (const line of lines) log.info(`${shownPath(file)}: new entry: ${line}`);
        if (problem !== undefined)
          log.warn(`${shownPath(file)} could not be written (${problem}): add the entry above by hand.`);
      });
      await writing;
    },
  };
}

/** Every digest of a binary that the entry vouches for, with the digest of its CRDs. */
export function lockedBinaries(
  entry: LockEntry | undefined,
): { sha256: string; crds: string | undefined; origin: Pick<Origin, 'go' | 'sum' | 'archive'> }[] {
  const builds = Object.entries(entry?.go?.builds ?? {}).map(([go, build]) => ({
    sha256: build.sha256,
    crds: build.crds,
    origin: { go, ...(entry?.go === undefined ? {} : { sum: entry.go.sum }) },
  }));
  const released = entry?.release;
  if (released?.binary === undefined) return builds;
  return [{ sha256: released.binary, crds: undefined, origin: { archive: released.sha256 } }, ...builds];
}

/**
 * The digest in the lock that contradicts what was installed, with where it stands; undefined where none does. A
 * build by a Go version that the lock does not know is not contradicted: its source sum is what counts.
 */
export function contradiction(
  entry: LockEntry | undefined,
  installed: {
    readonly sha256: string;
    readonly crds: string | undefined;
    readonly origin: Omit<Origin, 'source' | 'from'>;
  },
): { readonly expected: string; readonly found: string } | undefined {
  const { origin } = installed;
  const pairs: [string | undefined, string | undefined][] = [];
  if (origin.go !== undefined) {
    const build = entry?.go?.builds[origin.go];
    pairs.push(
      [entry?.go?.sum, origin.sum],
      [build?.sha256, installed.sha256],
      [build?.crds, installed.crds],
    );
  } else {
    pairs.push([entry?.release?.sha256, origin.archive], [entry?.release?.binary, installed.sha256]);
  }
  const wrong = pairs.find(([expected, found]) => expected !== undefined && expected !== found);
  return wrong === undefined ? undefined : { expected: wrong[0] ?? '', found: wrong[1] ?? 'nothing' };
}

function news(known: LockEntry | undefined, addition: LockEntry): string[] {
  const lines: string[] = [];
  const { release, go } = addition;
  if (release !== undefined && known?.release === undefined)
    lines.push(`${release.file} sha256 ${release.sha256} (${release.source})`);
  if (release?.binary !== undefined && known?.release?.binary === undefined)
    lines.push(`binary sha256 ${release.binary} (computed here from the checked ${release.file})`);
  if (go !== undefined && known?.go === undefined) lines.push(`${go.module} ${go.sum} (${go.source})`);
  for (const [version, build] of Object.entries(go?.builds ?? {}))
    if (known?.go?.builds[version] === undefined)
      lines.push(`${version} sha256 ${build.sha256} (${build.source})`);
  return lines;
}

function withEntry(
  lock: LockFile,
  [name, version, platform]: [string, string, string],
  more: LockEntry,
): LockFile {
  const known = lock.tools[name]?.[version]?.[platform] ?? {};
  const release = known.release ? { ...more.release, ...known.release } : more.release;
  const go =
    known.go && more.go
      ? { ...known.go, builds: { ...more.go.builds, ...known.go.builds } }
      : (known.go ?? more.go);
  const entry = { ...(release && { release }), ...(go && { go }) };
  const versions = { ...lock.tools[name], [version]: { ...lock.tools[name]?.[version], [platform]: entry } };
  return { version: 1, tools: { ...lock.tools, [name]: versions } };
}

async function readLock(file: string): Promise<LockFile> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw broken(file, `It cannot be read: ${error.code}.`);
  });
  if (text === undefined) return { version: 1, tools: {} };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw broken(file, `It is not JSON: ${messageOf(error)}.`);
  }
  const checked = lockSchema.safeParse(parsed);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw broken(file, `${issue?.path.join(' → ') || 'The file'}: ${issue?.message}.`);
}

async function writeLock(file: string, lock: LockFile): Promise<void> {
  const sorted = (_: string, value: unknown) =>
    typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  const temporary = `${file}.${randomUUID()}`;
  try {
    await writeFile(temporary, `${JSON.stringify(lock, sorted, 2)}\n`);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

function broken(file: string, why: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-TOOLCHAIN-LOCK',
    class: 'toolchain',
    what: 'The lock of the tools cannot be used, so no digest can be checked.',
    why,
    next: `Restore it: git checkout -- ${shownPath(file)}`,
    at: { file: shownPath(file) },
  });
}
