import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Locked {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly license?: string;
}

/**
 * The licences of all packages that the bundle can hold (not those of development), as one text in a fixed order. Packages
 * whose licence is the same to the letter share one text.
 */
export async function licensesOf(lockFile: string): Promise<string> {
  const { packages } = JSON.parse(await readFile(lockFile, 'utf8')) as { packages: Record<string, Locked> };
  const bundled = Object.entries(packages).filter(
    ([path, { dev, optional }]) => path !== '' && !dev && !optional,
  );
  const found = await Promise.all(
    bundled
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(async ([path, { version, license }]) => {
        const files = await readdir(path);
        const file = files.find((name) => /^licen[cs]e/i.test(name));
        const text =
          file === undefined
            ? '(the package brings no licence text)'
            : await readFile(join(path, file), 'utf8');
        const name = `${path.replace(/^.*node_modules\//, '')} ${version ?? ''} (${license ?? 'see below'})`;
        return { name, text: text.trim() };
      }),
  );
  return [...Map.groupBy(found, ({ text }) => text)]
    .map(([text, of]) => `${of.map(({ name }) => name).join('\n')}\n\n${text}\n`)
    .join(`\n${'-'.repeat(79)}\n\n`);
}
