import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { PhoenixError } from '../errors.ts';
import { nearest } from '../near.ts';
import { shownPath } from '../paths.ts';
import { inputError } from './problems.ts';

const usualName = 'phoenix.yaml';
// No castle file comes near it; more is never read into memory.
const largestBytes = 1024 * 1024;

/** The text of a castle file. Throws PHX-CASTLE-MISSING, -UNREADABLE or -TOO-LARGE. */
export async function readCastleText(file: string): Promise<string> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error)
    throw found.code === 'ENOENT' || found.code === 'ENOTDIR' ? await missing(file) : unreadable(file, found);
  if (found.isDirectory()) throw await missing(file, join(file, usualName));
  // A pipe or a device has no size to check and may never end.
  if (!found.isFile()) throw unreadable(file, new Error('it is no ordinary file'));
  if (found.size > largestBytes) {
    throw inputError({
      code: 'PHX-CASTLE-TOO-LARGE',
      what: `The castle file has ${found.size} bytes.`,
      why: `At most ${largestBytes} are read.`,
      next: 'Keep the castle file to settings; see phoenix.schema.json for what belongs into it.',
      at: { file: shownPath(file) },
    });
  }
  try {
    await using handle = await open(file);
    return new TextDecoder('utf-8', { fatal: true }).decode(await handle.readFile());
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, cause: unknown): PhoenixError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reasons: Record<string, string> = {
    EACCES: 'This user may not read it.',
    ERR_ENCODING_INVALID_ENCODED_DATA: 'It is not UTF-8 text.',
  };
  return inputError({
    code: 'PHX-CASTLE-UNREADABLE',
    what: 'The castle file cannot be read.',
    why: reasons[code] ?? `${cause instanceof Error ? cause.message : String(cause)}.`,
    next: 'Give a readable YAML file by --castle FILE.',
    at: { file: shownPath(file) },
    cause,
  });
}

/** There is no such file: says which one was perhaps meant, here or in a folder above, but takes none by itself. */
async function missing(file: string, inside?: string): Promise<PhoenixError> {
  const meant = inside === undefined ? await similar(file) : (await exists(inside)) ? inside : undefined;
  return inputError({
    code: 'PHX-CASTLE-MISSING',
    what:
      inside === undefined
        ? `There is no castle file ${shownPath(file)}.`
        : `${shownPath(file)} is a folder, not a castle file.`,
    why: meant === undefined ? 'Nothing near it looks like one.' : `There is ${shownPath(meant)}.`,
    next:
      meant === undefined
        ? `Write a ${usualName}, or give its path by --castle FILE.`
        : `Run with --castle ${shownPath(meant)}.`,
  });
}

async function similar(file: string): Promise<string | undefined> {
  const names = (await readdir(dirname(file)).catch(() => [])).filter((name) =>
    /\.(?:ya?ml|json)$/.test(name),
  );
  const near = nearest(basename(file), names);
  if (near !== undefined) return join(dirname(file), near);
  for (let folder = dirname(dirname(file)); ; folder = dirname(folder)) {
    const candidate = join(folder, usualName);
    if (await exists(candidate)) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}
