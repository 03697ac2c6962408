import { auditFiles, type LeakAudit } from './audit.ts';
import { recentFiles, type Shared } from './recent.ts';

/** Where a run's audit looks for files. */
export interface AuditedPlaces {
  /** Searched whole. */
  readonly roots: readonly string[];
  readonly shared: Shared;
  /** Folders that hold secrets by right: the vault, the folder they came from. */
  readonly except: readonly string[];
}

/** Searches the files of a run: its own folders whole, and in shared ones what changed since it began. */
export async function auditPlanned(
  secrets: ReadonlyMap<string, string>,
  { roots, shared, except }: AuditedPlaces,
): Promise<LeakAudit> {
  const recent = await recentFiles(shared, [...except, ...roots]);
  return auditFiles(secrets, [...roots, ...recent], except);
}
