import { copyFile, mkdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PhoenixError } from '../errors.ts';
import { sha256File } from './digest.ts';
import { diskFull, isDiskFull } from './disk.ts';
import { DownloadError, downloadFile, withoutCredentials } from './download.ts';
import { lockedBinaries } from './lock.ts';
import { expectedDigest, refused, unpack } from './release.ts';
import { emptyStage, finishStage, layout } from './stage.ts';
import { type Miss, miss, type Site, type Staged, type Wanted } from './tool.ts';
import { tools } from './tools.ts';

/**
 * Takes a tool from PHOENIX_TOOL_MIRROR, a folder or an http(s) URL, at `TOOL/VERSION/PLATFORM/`: the publisher's
 * file, or the bare binary as a tool cache holds it. Neither is believed: the archive must match the lock or the
 * publisher's own checksum file, the binary the lock. Throws PHX-TOOLCHAIN-MIRROR, PHX-TOOLCHAIN-DIGEST.
 */
export async function fromMirror(site: Site, wanted: Wanted): Promise<Staged | Miss> {
  const setting = site.env['PHOENIX_TOOL_MIRROR'];
  if (setting === undefined || setting === '') return miss('mirror', 'PHOENIX_TOOL_MIRROR is not set');
  const root = await mirrorUrl(setting);
  const { name, version } = wanted;
  const folder = `${root}/${name}/${version}/${site.platform.key}`;
  const closed = root.startsWith('file:') ? undefined : await site.hosts.unreachable(`${folder}/${name}`);
  if (closed !== undefined) return miss('mirror', closed);
  try {
    return (await mirroredArchive(site, wanted, folder)) ?? (await mirroredBinary(site, wanted, folder));
  } catch (error) {
    if (error instanceof DownloadError) return miss('mirror', error.message);
    throw error;
  }
}

async function mirroredArchive(
  site: Site,
  wanted: Wanted,
  folder: string,
): Promise<Staged | Miss | undefined> {
  const file = tools[wanted.name].release(wanted.version, site.platform);
  if (file === undefined) return undefined;
  const from = `${folder}/${basename(file.url)}`;
  const archive = join(site.work, `${wanted.name}.mirrored`);
  try {
    const found = await take(site, from, archive);
    if (found === undefined) return undefined;
    const entry = site.lock.entry(wanted.name, wanted.version, site.platform.key);
    // Some publishers name the bare binary as the tool: the file may as well be one that was built and locked.
    if (file.kind === 'bare' && lockedBinaries(entry).some(({ sha256 }) => sha256 === found))
      return undefined;
    // A checksum file in the mirror would only prove that the mirror agrees with itself.
    const closed = await site.hosts.unreachable(file.checksums);
    const expected =
      closed !== undefined && entry?.release === undefined
        ? undefined
        : await expectedDigest(site, wanted, file).catch(() => undefined);
    if (expected === undefined)
      return miss(
        'mirror',
        `phoenix.lock has no digest for ${basename(file.url)} and its publisher cannot be asked: refused`,
      );
    if (found !== expected.sha256) throw await refused(archive, shown(from), expected, found);
    return await unpack(site, wanted, file, archive, shown(from), expected);
  } finally {
    await rm(archive, { force: true });
  }
}

async function mirroredBinary(site: Site, wanted: Wanted, folder: string): Promise<Staged | Miss> {
  const { name, version } = wanted;
  const stage = await emptyStage(site, name);
  const from = `${folder}/${name}`;
  const binary = layout.binary(stage, name);
  const found = await take(site, from, binary);
  if (found === undefined)
    return miss('mirror', `${shown(folder)} has neither its release file nor its binary`);
  const known = lockedBinaries(site.lock.entry(name, version, site.platform.key));
  const [first] = known;
  if (first === undefined) {
    await rm(stage, { recursive: true });
    return miss('mirror', `phoenix.lock has no digest for the binary ${shown(from)}: refused`);
  }
  const match = known.find(({ sha256 }) => sha256 === found);
  if (match === undefined)
    throw await refused(binary, shown(from), { sha256: first.sha256, source: 'phoenix.lock' }, found);
  if (match.crds !== undefined) {
    const crds = layout.crds(stage, name);
    await mkdir(dirname(crds));
    const came = await take(site, `${folder}/crds/${name}.yaml`, crds);
    if (came === undefined) return miss('mirror', `${shown(folder)} has the binary but no crds/${name}.yaml`);
    if (came !== match.crds)
      throw await refused(
        crds,
        `${shown(folder)}/crds/${name}.yaml`,
        { sha256: match.crds, source: 'phoenix.lock' },
        came,
      );
  }
  const origin = { source: 'mirror', from: shown(from), ...match.origin } as const;
  return finishStage(site, wanted, stage, match.crds !== undefined, origin);
}

/** Copies or downloads; gives the digest, or undefined where the mirror has no such file. */
async function take(site: Site, from: string, to: string): Promise<string | undefined> {
  try {
    if (!from.startsWith('file:')) return await downloadFile(from, to, site);
    const exists = await stat(new URL(from)).then(
      (found) => found.isFile(),
      () => false,
    );
    if (!exists) return undefined;
    await copyFile(new URL(from), to);
    return await sha256File(to);
  } catch (error) {
    if (error instanceof DownloadError && error.kind === 'absent') return undefined;
    if (isDiskFull(error)) throw await diskFull(dirname(to), `${basename(from)} could not be copied`);
    throw error;
  }
}

async function mirrorUrl(setting: string): Promise<string> {
  const url = /^https?:\/\//.test(setting) && URL.canParse(setting) ? setting : undefined;
  if (url !== undefined) return url.replace(/\/+$/, '');
  const isFolder = await stat(setting).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder && isAbsolute(setting)) return pathToFileURL(setting).href.replace(/\/+$/, '');
  throw new PhoenixError({
    code: 'PHX-TOOLCHAIN-MIRROR',
    class: 'toolchain',
    what: 'PHOENIX_TOOL_MIRROR names no mirror.',
    why: `\`${setting.replace(/\/\/[^/@]*@/, '//***@')}\` is neither an http(s) URL nor an absolute path of a folder.`,
    next: 'Set it to a folder or URL laid out as docs/toolchain.md says, or unset it.',
  });
}

function shown(from: string): string {
  return from.startsWith('file:') ? decodeURIComponent(new URL(from).pathname) : withoutCredentials(from);
}
