import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A tree of Flux has hundreds of files; what has more is not read to its end. */
const most = 5_000;

/** The text of the files below a folder whose names match, none where there is no folder. */
export async function textsBelow(dir: string, name: RegExp): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile() && name.test(entry.name)).slice(0, most);
  return Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), 'utf8').catch(() => '')));
}
