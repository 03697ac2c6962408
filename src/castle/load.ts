import { dirname, resolve } from 'node:path';
import { type KeyPath, readDocument } from './document.ts';
import { existingInside, resolveInside } from './folders.ts';
import { problemsOf } from './issues.ts';
import { probePlaced } from './probes.ts';
import { castleError, type Position } from './problems.ts';
import { readCastleText } from './read.ts';
import { type CastleValues, castleSchema } from './schema.ts';
import type { SecretSource } from './secrets.ts';

/** A castle file in ready-to-use units: seconds, shares of 1, absolute folders. */
export interface Castle
  extends Omit<CastleValues, 'version' | 'castle' | 'live' | 'gitops' | 'allowed-refs'> {
  readonly file: string;
  /** The file's folder, absolute. */
  readonly dir: string;
  readonly name: string;
  /** The refs, or their beginnings with a closing `*`, whose jobs get secrets; where absent, the default branch. */
  readonly allowedRefs?: readonly string[];
  /** The Terragrunt root: absolute, exists, without a symlink in it. */
  readonly liveDir: string;
  readonly gitops?: {
    /** The tree's folder, absolute; it may not exist. */
    readonly dir: string;
    readonly entry: string;
    readonly branch: string;
    /** What the layers make before Flux begins. */
    readonly given: NonNullable<CastleValues['gitops']>['given'];
  };
  /** Where the value at `path` stands in the file, for errors that only later parts can find. */
  at(path: KeyPath): Position;
  keyAt(path: KeyPath): Position;
}

/**
 * Reads and checks a castle file; relative paths in it count from its folder. Throws a PhoenixError of class `input`:
 * PHX-CASTLE-MISSING, -UNREADABLE, -TOO-LARGE, -YAML, -DUPLICATE-KEY, -UNKNOWN-KEY, -MISSING-KEY, -VALUE, -PATH or
 * -LIVE-MISSING. All mistakes of the file are in the one error.
 */
export async function loadCastle(path: string): Promise<Castle> {
  const file = resolve(path);
  const document = readDocument(await readCastleText(file), file);
  const parsed = castleSchema.safeParse(document.value);
  if (!parsed.success) {
    const [first, ...others] = problemsOf(parsed.error.issues, document, castleSchema);
    if (first !== undefined) throw castleError(file, [first, ...others]);
  }
  const {
    version: _,
    castle: name,
    live,
    gitops,
    'allowed-refs': allowedRefs,
    ...values
  } = castleSchema.parse(document.value);
  const named = (key: string, folder: string) => ({
    key,
    path: folder,
    file,
    position: document.at(key.split('.')),
  });
  const dir = dirname(file);
  return {
    ...values,
    ...(allowedRefs === undefined ? {} : { allowedRefs }),
    secrets: { ...values.secrets, source: values.secrets.source && placed(values.secrets.source, dir) },
    milestones: values.milestones.map((each) => ({
      ...each,
      all: each.all.map((probe) => probePlaced(probe, dir)),
    })),
    verify: {
      ...values.verify,
      probes: values.verify.probes.map(({ name, probe }) => ({ name, probe: probePlaced(probe, dir) })),
    },
    ...(values.proxmox?.caFile === undefined
      ? {}
      : { proxmox: { ...values.proxmox, caFile: resolve(dir, values.proxmox.caFile) } }),
    drill: drillWithPlaces(values.drill, dir),
    ...(values.database?.caFile === undefined
      ? {}
      : { database: { ...values.database, caFile: resolve(dir, values.database.caFile) } }),
    ...(values.destroy === undefined ? {} : { destroy: withPlaces(values.destroy, dir) }),
    ...(gitops === undefined
      ? {}
      : {
          gitops: {
            dir: await resolveInside(named('gitops.path', gitops.path)),
            entry: gitops.entry,
            branch: gitops.branch,
            given: gitops.given,
          },
        }),
    file,
    dir,
    name,
    liveDir: await existingInside(named('live', live)),
    at: document.at,
    keyAt: document.keyAt,
  };
}

/** The source with its paths counted from the castle file's folder. */
function placed(source: SecretSource, dir: string): SecretSource {
  if (source.kind === 'files') return { ...source, dir: resolve(dir, source.dir) };
  return source.caFile === undefined ? source : { ...source, caFile: resolve(dir, source.caFile) };
}

function withPlaces(destroy: NonNullable<CastleValues['destroy']>, dir: string): typeof destroy {
  const { witness } = destroy;
  if (witness?.caFile === undefined) return destroy;
  return { ...destroy, witness: { ...witness, caFile: resolve(dir, witness.caFile) } };
}

function drillWithPlaces(
  { historyDir, metrics, ...rest }: CastleValues['drill'],
  dir: string,
): CastleValues['drill'] {
  return {
    ...rest,
    ...(historyDir === undefined ? {} : { historyDir: resolve(dir, historyDir) }),
    ...(metrics === undefined ? {} : { metrics: resolve(dir, metrics) }),
  };
}
