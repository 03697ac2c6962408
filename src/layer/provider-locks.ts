import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const lockFileName = '.terraform.lock.hcl';

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

/** A folder's two files by which its `init` installs exactly these providers, no two of one source. */
export function providerFiles(
  providers: readonly LockedProvider[],
): Record<'main.tf' | typeof lockFileName, string> {
  const required = providers.map(
    ({ source, version }, index) => `    p${index} = { source = "${source}", version = "${version}" }\n`,
  );
  return {
    'main.tf': `terraform {\n  required_providers {\n${required.join('')}  }\n}\n`,
    [lockFileName]: providers.map(({ block }) => `${block}\n`).join('\n'),
  };
}

export function keyOf({ source, version }: Pick<LockedProvider, 'source' | 'version'>): string {
  return `${source} ${version}`;
}
