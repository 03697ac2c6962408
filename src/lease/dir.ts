import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PhoenixError } from '../errors.ts';
import { leaseForm } from './record.ts';
import { type Form, type LeaseStore, type Store, storeError } from './store.ts';

/** Older records stay for a while, for a share's clients may look at an old listing and must still find names taken. */
const kept = 16;
const generation = /^(\d{8})\.json$/;

/**
 * A record, a lease where no form says otherwise, as a folder of numbered records, the highest being the one that counts. link() is the compare-and-swap: it is
 * atomic, also on NFS, refuses a name that is taken, and the record is whole from its first moment on. No flock: shares
 * do not have it, and it ends with the process that took it.
 */
export function dirStore(folder: string): LeaseStore;
export function dirStore<T>(folder: string, form: Form<T>): Store<T>;
export function dirStore<T>(folder: string, form: Form<T> | typeof leaseForm = leaseForm): Store<T> {
  return folderOf(folder, form as Form<T>);
}

function folderOf<T>(folder: string, form: Form<T>): Store<T> {
  const fileOf = (number: number) => join(folder, `${String(number).padStart(8, '0')}.json`);
  return {
    place: folder,
    async read() {
      // A record that was removed between the listing and the reading has been followed by others.
      for (let tries = 0; tries < 10; tries += 1) {
        const newest = (await generations(folder)).at(-1);
        if (newest === undefined) return undefined;
        const text = await readFile(fileOf(newest), 'utf8').catch((error: unknown) => {
          if (codeOf(error) === 'ENOENT') return undefined;
          throw storeError(folder, error);
        });
        if (text !== undefined) return { record: form.parse(text, fileOf(newest)), version: String(newest) };
      }
      throw storeError(folder, undefined, { why: 'Its records change faster than they can be read.' });
    },
    async write(record, ifVersion) {
      const next = Number(ifVersion ?? 0) + 1;
      const fresh = join(folder, `.new-${randomUUID()}`);
      try {
        await mkdir(folder, { recursive: true });
        await writeWhole(fresh, form.text(record));
        if (!(await linked(fresh, fileOf(next)))) return undefined;
        const known = await generations(folder);
        // So slow that the name was freed again meanwhile: the newest record was never ours.
        if (known.some((number) => number > next)) {
          await rm(fileOf(next), { force: true });
          return undefined;
        }
        for (const number of known) if (number <= next - kept) await rm(fileOf(number), { force: true });
        return String(next);
      } catch (error) {
        throw error instanceof PhoenixError ? error : storeError(folder, error);
      } finally {
        await rm(fresh, { force: true }).catch(() => {});
      }
    },
  };
}

/** The numbers of the records, ascending; none where there is no folder yet. */
async function generations(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw storeError(folder, error);
  });
  return names
    .flatMap((name) => generation.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** On the disk before it has its name: a power cut must not leave an empty lease that nobody dares to remove. */
async function writeWhole(file: string, text: string): Promise<void> {
  await using handle = await open(file, 'wx', 0o644);
  await handle.writeFile(text);
  await handle.sync();
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
