import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export const lockFileName = '.terraform.lock.hcl';

/** A provider as a lock file has it. */
export interface LockedProvider {
  /** HOST/NAMESPACE/TYPE. */
  readonly source: string;
  readonly version: string;
  /** The whole block, hashes included. */
  readonly block: string;
}

/** The providers of a lock file; the engine writes it in one form only, and what is not of that form is left out. */
export function parseLocks(text: string): LockedProvider[] {
  return [...text.matchAll(/^provider "([\w.:-]+\/[\w-]+\/[\w-]+)" \{\n[\s\S]*?^\}$/gm)].flatMap((match) => {
    const [block, source] = match;
    const version = /^\s*version\s*=\s*"([\w.+-]+)"$/m.exec(block)?.[1];
    return source === undefined || version === undefined ? [] : [{ source, version, block }];
  });
}

/** What the lock file beside a unit asks for; empty where there is none. */
export async function lockedProviders(unit: string): Promise<LockedProvider[]> {
  return parseLocks(await readFile(join(unit, lockFileName), 'utf8').catch(() => ''));
}

/** A folder's two files by which its `init` installs exactly these providers. */
export interface ProviderSet {
  readonly providers: readonly LockedProvider[];
  readonly main: string;
  readonly lock: string;
}

/** As few sets as there can be: one that holds a provider twice, in two versions, could not be initialised. */
export function providerSets(providers: readonly LockedProvider[]): ProviderSet[] {
  const bySource = Map.groupBy(distinct(providers), ({ source }) => source);
  const most = Math.max(0, ...[...bySource.values()].map((versions) => versions.length));
  return Array.from({ length: most }, (_, index) => {
    const set = [...bySource.values()].flatMap((versions) => versions[index] ?? []);
    const required = set.map(
      ({ source, version }, at) => `    p${at} = { source = "${source}", version = "${version}" }\n`,
    );
    return {
      providers: set,
      main: `terraform {\n  required_providers {\n${required.join('')}  }\n}\n`,
      lock: set.map(({ block }) => `${block}\n`).join('\n'),
    };
  });
}

/** One of each version; of two the one that knows more hashes. */
function distinct(providers: readonly LockedProvider[]): LockedProvider[] {
  const found = new Map<string, LockedProvider>();
  for (const provider of providers) {
    const key = keyOf(provider);
    if (provider.block.length > (found.get(key)?.block.length ?? 0)) found.set(key, provider);
  }
  return [...found.values()];
}

export function keyOf({ source, version }: Pick<LockedProvider, 'source' | 'version'>): string {
  return `${source} ${version}`;
}
