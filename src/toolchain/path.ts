import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { satisfies, validRange } from 'semver';
import { messageOf, PhoenixError } from '../errors.ts';
import { sha256File } from './digest.ts';
import { type InstalledTool, type Miss, miss, type Site, type Wanted } from './tool.ts';
import { tools } from './tools.ts';
import { saidVersion } from './version.ts';

/** The first tool on PATH whose own word for its version lies in the range. Throws PHX-TOOLCHAIN-RANGE. */
export async function fromPath(
  site: Pick<Site, 'env' | 'signal'>,
  { name, path: range }: Wanted,
): Promise<Omit<InstalledTool, 'seconds'> | Miss> {
  if (range === undefined) return miss('path', 'not allowed by phoenix.yaml');
  if (validRange(range) === null)
    throw new PhoenixError({
      code: 'PHX-TOOLCHAIN-RANGE',
      class: 'toolchain',
      what: `\`${range}\` is not a range of versions (${name}).`,
      why: 'It decides which tool on PATH may be used instead of the pinned one.',
      next: 'Write a semver range, e.g. ~1.12.0 or >=1.30 <2.',
    });
  if (tools[name].version === undefined) return miss('path', 'it cannot say its version and needs its CRDs');
  const seen: string[] = [];
  for (const folder of (site.env['PATH'] ?? '').split(delimiter).filter(isAbsolute)) {
    const file = join(folder, name);
    if (!(await isExecutable(file))) continue;
    const said = await saidVersion(name, file, site.env, site.signal).catch((error: unknown) => {
      site.signal.throwIfAborted();
      seen.push(`${file}: ${messageOf(error)}`);
      return undefined;
    });
    if (said === undefined) continue;
    if (satisfies(said, range, { includePrerelease: true }))
      return { name, version: said, file, assets: '', source: 'path', sha256: await sha256File(file) };
    seen.push(`${file} is ${said}, not ${range}`);
  }
  return miss('path', seen.length === 0 ? 'none there' : seen.join(', '));
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
