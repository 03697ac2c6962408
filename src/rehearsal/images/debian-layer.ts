import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buffer, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { type ExtractEvents, extract } from 'tar-stream';
import { messageOf } from '../../errors.ts';
import type { Package } from './debian.ts';
import { imageFailure } from './failure.ts';
import { above } from './folder.ts';
import type { Entry } from './tar.ts';

/** Manuals, translations, other encodings than UTF-8, and what serves the machine that installs packages. */
export const unwanted =
  /^(?:usr\/share\/(?:doc|man|info|locale|lintian|bash-completion|bug|common-licenses|doc-base|pixmaps|menu|icons)|usr\/lib\/(?:systemd|tmpfiles\.d|sysusers\.d|[^/]+\/gconv)|etc\/(?:init\.d|cron\.[a-z]+|logrotate\.d|rc[0-9S]\.d|pam\.d)|var\/(?:cache|run|lib\/(?:dpkg|apt)))(?:\/|$)/;
/** Since these became links into usr, a package may still bring them as folders. */
const merged = /^(?:bin|sbin|lib|lib32|lib64|libx32)(?:\/|$)/;
type TarItem = ExtractEvents['entry'][1];
const certificate = /^usr\/share\/ca-certificates\/.*\.crt$/;

/**
 * The files of packages as entries of one layer, packages in the given order. No script of a package is run: what those
 * of the images would do (the bundle of certificate authorities) is done here. `skip` leaves out more paths.
 */
export async function* packageEntries(
  packages: readonly Package[],
  signal: AbortSignal,
  skip?: RegExp,
): AsyncGenerator<Entry> {
  const seen = new Set<string>();
  const certificates: Buffer[] = [];
  for (const one of packages) {
    for await (const item of contents(one, signal)) {
      const path = mergedPath(item.header.name);
      const wanted = path !== '' && !seen.has(path) && !unwanted.test(path) && skip?.test(path) !== true;
      const entry = wanted ? entryOf(path, item) : undefined;
      if (entry?.type === 'file' && certificate.test(path)) {
        const held = await buffer(item as AsyncIterable<Buffer>);
        certificates.push(held);
        yield { ...entry, body: held };
      } else if (entry !== undefined) yield entry;
      if (wanted) seen.add(path);
      // Whatever nobody read of it: the next one comes only after its end.
      item.resume();
    }
  }
  if (certificates.length > 0) yield* bundleOf(certificates);
}

function entryOf(path: string, item: TarItem): Entry | undefined {
  const { type, mode = 0o644, size = 0, linkname } = item.header;
  const rights = mode & 0o7777;
  switch (type) {
    case 'directory':
      return { path, type, mode: rights };
    case 'symlink':
      // The links themselves, as newer distributions pack them: the base layer has them.
      if (/^usr\/(?:s?bin|lib(?:32|64|x32)?)$/.test(path)) return undefined;
      return { path, type, target: linkname ?? '' };
    case 'link':
      return { path, type, target: mergedPath(linkname ?? '') };
    case 'file':
      return { path, type, mode: rights, size, body: item as AsyncIterable<Buffer> };
    default:
      return undefined;
  }
}

/** What is in a package, one after another, each to be read to its end before the next comes. */
async function* contents({ name, file }: Package, signal: AbortSignal): AsyncGenerator<TarItem> {
  const dpkg = spawn('dpkg-deb', ['--fsys-tarfile', file], { stdio: ['ignore', 'pipe', 'pipe'], signal });
  const said = text(dpkg.stderr);
  const ended = once(dpkg, 'close');
  ended.catch(() => {});
  const tar = extract();
  const piped = pipeline(dpkg.stdout, tar as unknown as NodeJS.WritableStream);
  piped.catch(() => {});
  try {
    for await (const item of tar) yield item;
    await piped;
    const [code] = await ended;
    if (code !== 0) throw new Error((await said).trim());
  } catch (error) {
    signal.throwIfAborted();
    throw imageFailure({
      what: `The package ${name} could not be unpacked.`,
      why: messageOf(error),
      next: `Delete ${file} and run again: it is fetched anew.`,
      cause: error,
    });
  } finally {
    dpkg.kill();
  }
}

/** What the package ca-certificates makes when it is installed. */
function bundleOf(certificates: readonly Buffer[]): Entry[] {
  const path = 'etc/ssl/certs/ca-certificates.crt';
  const whole = Buffer.concat(certificates);
  return [...above(path), { path, type: 'file', mode: 0o644, size: whole.length, body: whole }];
}

function mergedPath(name: string): string {
  const path = name.replace(/^\.\//, '').replace(/\/$/, '');
  return merged.test(path) ? `usr/${path}` : path === '.' ? '' : path;
}
