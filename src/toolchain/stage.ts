import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PhoenixError } from '../errors.ts';
import { sha256File } from './digest.ts';
import type { Origin, Site, Staged, Wanted } from './tool.ts';
import { saidVersion } from './version.ts';

/** The layout of a tool's folder, the same in the stage, the cache and a mirror. */
export const layout = {
  binary: (folder: string, name: string) => join(folder, name),
  crds: (folder: string, name: string) => join(folder, 'crds', `${name}.yaml`),
  receipt: (folder: string) => join(folder, 'receipt.json'),
};

/** A new, empty folder to put a tool together in. */
export async function emptyStage(site: Site, name: string): Promise<string> {
  const folder = join(site.work, 'stage', name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Makes the binary in `folder` executable, asks it its version, and takes the digests. Throws PHX-TOOLCHAIN-RUN. */
export async function finishStage(
  site: Site,
  { name, version }: Wanted,
  folder: string,
  hasCrds: boolean,
  origin: Origin,
): Promise<Staged> {
  const file = layout.binary(folder, name);
  await chmod(file, 0o755);
  const said = await saidVersion(name, file, site.env, site.signal).catch((error: unknown) => {
    site.signal.throwIfAborted();
    throw unfit(name, version, origin, messageOf(error));
  });
  if (said !== undefined && said !== version)
    throw unfit(name, version, origin, `it says that it is version ${said}`);
  const [sha256, crds] = await Promise.all([
    sha256File(file),
    hasCrds ? sha256File(layout.crds(folder, name)) : undefined,
  ]);
  return { kind: 'staged', folder, sha256, crds, origin };
}

function unfit(name: string, version: string, origin: Origin, why: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-TOOLCHAIN-RUN',
    class: 'toolchain',
    what: `${name} ${version} does not do what it should; it was not installed.`,
    why: `The binary from ${origin.from}: ${why}.`,
    next: 'Pin another version of it in phoenix.yaml (toolchain), or look what its publisher says about this one.',
  });
}
