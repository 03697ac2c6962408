import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf, PhoenixError } from '../errors.ts';
import { extractFile } from './archive.ts';
import { digestFor, wrongDigest } from './digest.ts';
import { DownloadError, downloadFile, downloadText } from './download.ts';
import { withProgress } from './progress.ts';
import type { ReleaseFile } from './recipe.ts';
import { emptyStage, finishStage, layout } from './stage.ts';
import { type Miss, miss, type Site, type Staged, type Wanted } from './tool.ts';
import { tools } from './tools.ts';
import { nearVersions } from './version.ts';

/** A digest to hold a download against, and where it was read. */
export interface Expected {
  readonly sha256: string;
  readonly source: string;
}

/** Takes a tool from its publisher. Throws PHX-TOOLCHAIN-DIGEST where what came is not what was published. */
export async function fromRelease(site: Site, wanted: Wanted): Promise<Staged | Miss> {
  const file = tools[wanted.name].release(wanted.version, site.platform);
  if (file === undefined)
    return miss('release', `its publisher has no binary for ${site.platform.os} ${site.platform.arch}`);
  const closed = await site.hosts.unreachable(file.url);
  if (closed !== undefined) return miss('release', closed);
  const archive = join(site.work, `${wanted.name}.download`);
  try {
    const expected = await expectedDigest(site, wanted, file);
    if (expected === undefined)
      return miss(
        'release',
        `no digest for ${basename(file.url)} in phoenix.lock or ${file.checksums}: refused`,
      );
    const doing = `${wanted.name} ${wanted.version}: downloading ${file.url}`;
    const found = await withProgress(site.log, doing, () => downloadFile(file.url, archive, site));
    if (found !== expected.sha256) throw await refused(archive, file.url, expected, found);
    return await unpack(site, wanted, file, archive, file.url, expected);
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    if (error.kind === 'absent')
      return miss('release', `${file.url} does not exist`, await published(site, wanted));
    // The host answered, what it redirects to did not: the other tools of this run need not find out again.
    if (error.kind === 'refused') site.hosts.giveUp(file.url, error.message);
    return miss('release', error.message);
  } finally {
    await rm(archive, { force: true });
  }
}

/** The digest of the publisher's file: from the lock, else from the publisher. Throws DownloadError. */
export async function expectedDigest(
  site: Site,
  { name, version }: Wanted,
  file: ReleaseFile,
): Promise<Expected | undefined> {
  const locked = site.lock.entry(name, version, site.platform.key)?.release;
  if (locked !== undefined && locked.file === basename(file.url))
    return { sha256: locked.sha256, source: locked.source };
  const sha256 = digestFor(await downloadText(file.checksums, site), basename(file.url));
  return sha256 === undefined ? undefined : { sha256, source: file.checksums };
}

/** The binary out of a checked archive, staged; the lock learns the archive's digest and the binary's. */
export async function unpack(
  site: Site,
  wanted: Wanted,
  file: ReleaseFile,
  archive: string,
  from: string,
  expected: Expected,
): Promise<Staged> {
  const { name, version } = wanted;
  const folder = await emptyStage(site, name);
  await extractFile(file.kind, archive, file.entry, layout.binary(folder, name)).catch((error: unknown) => {
    throw new PhoenixError({
      code: 'PHX-TOOLCHAIN-ARCHIVE',
      class: 'toolchain',
      what: `${basename(file.url)} could not be unpacked.`,
      why: `Its digest is right, but ${messageOf(error)}.`,
      next: `Pin another version of ${name} in phoenix.yaml (toolchain).`,
    });
  });
  const origin = {
    source: from === file.url ? 'release' : 'mirror',
    from,
    archive: expected.sha256,
  } as const;
  const staged = await finishStage(site, wanted, folder, false, origin);
  const release = { file: basename(file.url), ...expected, binary: staged.sha256 };
  await site.lock.record(name, version, site.platform.key, { release });
  return staged;
}

export async function refused(
  file: string,
  from: string,
  expected: Expected,
  found: string,
): Promise<PhoenixError> {
  await rm(file, { force: true });
  return wrongDigest({
    what: `What came from ${from}`,
    expected: expected.sha256,
    expectedBy: expected.source,
    found,
    next: 'Do not use that source before you know who changed it. If the publisher replaced the file, read its new digest there and put it into phoenix.lock by hand.',
  });
}

/** The near versions of the publisher's list; [] where it cannot be had. */
async function published(site: Site, { name, version }: Wanted): Promise<string[]> {
  const list = `https://api.github.com/repos/${tools[name].repository}/releases?per_page=100`;
  if ((await site.hosts.unreachable(list)) !== undefined) return [];
  const text = await downloadText(list, site).catch(() => '');
  return nearVersions(
    version,
    [...text.matchAll(/"tag_name":\s*"([^"]+)"/g)].map(([, tag]) => tag ?? ''),
  );
}
