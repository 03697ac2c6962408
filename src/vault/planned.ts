import { auditFiles, type LeakAudit } from './audit.ts';
import type { Leak } from './audit-finder.ts';
import { isMade } from './made.ts';
import { recentFiles, type Shared } from './recent.ts';

/** Where a run's audit looks for files. */
export interface AuditedPlaces {
  /** Searched whole. */
  readonly roots: readonly string[];
  readonly shared: Shared;
  /** Folders that hold secrets by right: the vault, the folder they came from. */
  readonly except: readonly string[];
  /** The castle file lets states lie in the clear: what layers made may stand in those of its own folders. */
  readonly stateInClear: boolean;
}

/** Searches the files of a run: its own folders whole, and in shared ones what changed since it began. */
export async function auditPlanned(
  secrets: ReadonlyMap<string, string>,
  { roots, shared, except, stateInClear }: AuditedPlaces,
): Promise<LeakAudit & { readonly allowed: readonly Leak[] }> {
  const recent = await recentFiles(shared, [...except, ...roots]);
  const audit = await auditFiles(secrets, [...roots, ...recent], except);
  const belongs = ({ secret, place }: Leak) =>
    stateInClear &&
    isMade(secret) &&
    stateFile.test(place) &&
    roots.some((root) => place.startsWith(`${root}/`));
  return {
    ...audit,
    found: audit.found.filter((leak) => !belongs(leak)),
    allowed: audit.found.filter(belongs),
  };
}

/** A state, its backup, or one that could not be saved. */
const stateFile = /\.tfstate(?:\.\d+)?(?:\.backup)?$/;

/** What a state in the clear holds and may hold, as a sentence; undefined where there is nothing. */
export function allowedWords(allowed: readonly Leak[]): string | undefined {
  return warned(
    allowed,
    (what, where) =>
      `${what} in the clear in ${where}; \`state.plaintext: allowed\` lets what layers make stand there, and who reads the file has it`,
  );
}

/** What Terragrunt put into environments, as a sentence; undefined where there is nothing. */
export function handedOnWords(handedOn: readonly Leak[]): string | undefined {
  return warned(
    handedOn,
    (what, where) =>
      `${what} in ${where}; Terragrunt hands the outputs of a \`dependency\` to the engine so, and whatever runs as this user can read them: read them by \`terraform_remote_state\`, or from the cluster`,
  );
}

function warned(leaks: readonly Leak[], words: (what: string, where: string) => string): string | undefined {
  const [first] = leaks;
  if (first === undefined) return undefined;
  const more = (all: readonly string[]) =>
    new Set(all).size === 1 ? '' : ` and ${new Set(all).size - 1} more`;
  const what = `${first.secret}${more(leaks.map(({ secret }) => secret))}`;
  const where = `${first.place}${more(leaks.map(({ place }) => place))}`;
  return `leak audit: ${words(what, where)}`;
}
