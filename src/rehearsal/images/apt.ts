import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChildResult, runChild } from '../../child.ts';
import { imageFailure } from './failure.ts';
import type { Store } from './store.ts';

const queryMs = 120_000;
const downloadMs = 20 * 60_000;

/** apt with a state of its own, in which nothing is installed but the placeholders. */
export async function apt(
  args: readonly string[],
  lists: string,
  placeholders: readonly string[],
  { cacheDir, signal }: Store,
): Promise<ChildResult> {
  const state = join(cacheDir, 'apt');
  // Of packages that it has already, apt prints nothing.
  const query = args.includes('--print-uris');
  const debs = query ? join(state, 'none') : join(cacheDir, 'debs');
  await mkdir(join(debs, 'partial'), { recursive: true });
  await mkdir(join(state, 'lists', 'partial'), { recursive: true });
  await writeFile(join(state, 'status'), placeholders.map(installed).join('\n'));
  const settings = [
    `Dir::State=${state}`,
    `Dir::State::status=${join(state, 'status')}`,
    `Dir::State::lists=${lists}`,
    `Dir::Cache=${state}`,
    `Dir::Cache::archives=${debs}`,
    `Dir::Log=${state}`,
    // The status file changes from one call to the next.
    'Dir::Cache::pkgcache=',
    // The cache of images is locked as a whole, and the machine's own lists are only read.
    'Debug::NoLocking=true',
    'Acquire::Retries=3',
    'Acquire::Languages=none',
    'APT::Get::List-Cleanup=false',
    'quiet=2',
  ];
  const result = await runChild('apt-get', [...settings.flatMap((line) => ['-o', line]), ...args], {
    env: aptEnvironment(),
    signal,
    timeoutMs: query ? queryMs : downloadMs,
  });
  if (result.trouble !== 'ENOENT') return result;
  throw imageFailure({
    what: 'The images of the real node cannot be made on this machine.',
    why: 'There is no apt-get: PostgreSQL, pgBackRest, nginx and Hugo come from Debian or Ubuntu packages.',
    next: 'Run `rehearse --node real` on Debian or Ubuntu, or use `--node kwok` or `--node none`.',
  });
}

function aptEnvironment(): Record<string, string> {
  const passed = [
    'PATH',
    'HOME',
    'TMPDIR',
    'http_proxy',
    'https_proxy',
    'no_proxy',
    'HTTP_PROXY',
    'HTTPS_PROXY',
  ];
  const kept = passed.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
}

/** A package's entry in dpkg's database. Its true version, so that whoever asks for exactly that one is content. */
function installed(file: string): string {
  const [name, version = '', architecture = ''] = file.replace(/\.deb$/, '').split('_');
  return [
    `Package: ${name}`,
    // Held: apt brings what comes of one source to one version otherwise.
    'Status: hold ok installed',
    `Version: ${decodeURIComponent(version)}`,
    `Architecture: ${architecture}`,
    // Or whoever asks for it by `perl:any` would not be content.
    'Multi-Arch: allowed',
    'Maintainer: none',
    'Description: placeholder',
    '',
  ].join('\n');
}
