import type { Log } from '../log.ts';
import type { Hosts } from './hosts.ts';
import type { Lock } from './lock.ts';
import type { Platform } from './platform.ts';

/** Every tool that Phoenix can install. The order is the order of building: neighbours share Go libraries. */
export const toolNames = [
  'tofu',
  'terragrunt',
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
  'kubelet',
  'kube-proxy',
  'kwok',
  'external-secrets',
  'source-controller',
  'kustomize-controller',
  'coredns',
  'metallb-controller',
  'versitygw',
  'terraform',
  'flux',
  'talosctl',
] as const;

export type ToolName = (typeof toolNames)[number];

export type ToolSource = 'cache' | 'path' | 'release' | 'mirror' | 'go';

export interface ToolRequest {
  readonly name: ToolName;
  /** Exact, without or with a leading `v`. */
  readonly version: string;
  /** The semver range that a tool on PATH may satisfy instead; absent: PATH is not looked at. */
  readonly path?: string;
}

export interface InstalledTool {
  readonly name: ToolName;
  /** The version that is really there: the requested one, or for `path` what the tool said of itself. */
  readonly version: string;
  /** Absolute path of the binary. */
  readonly file: string;
  /** Folder that holds the tool's `crds/*.yaml`; '' where it has none. */
  readonly assets: string;
  readonly source: ToolSource;
  /** Of the binary, computed in this run. */
  readonly sha256: string;
  readonly seconds: number;
}

/** A request whose version is a clean semver: what every source is asked for. */
export interface Wanted {
  readonly name: ToolName;
  readonly version: string;
  readonly path: string | undefined;
}

/** Where a binary came from, as its receipt keeps it. */
export interface Origin {
  readonly source: Exclude<ToolSource, 'cache' | 'path'>;
  /** URL, mirror path or module@version, without credentials. */
  readonly from: string;
  /** sha256 of the archive it was taken from. */
  readonly archive?: string;
  /** Go version that built it, e.g. `go1.26.8`. */
  readonly go?: string;
  /** Go's `h1:` sum of the module it was built from. */
  readonly sum?: string;
}

/** A folder that holds the verified binary (and its CRDs), ready to be put into the cache. */
export interface Staged {
  readonly kind: 'staged';
  readonly folder: string;
  readonly sha256: string;
  readonly crds: string | undefined;
  readonly origin: Origin;
}

/** Why a source cannot serve a tool; the next source is then asked. */
export interface Miss {
  readonly kind: 'miss';
  readonly source: ToolSource;
  readonly why: string;
  /** The source was reached and has no such version; with the near ones, where its list could be had. */
  readonly noSuchVersion?: readonly string[];
}

export function miss(source: ToolSource, why: string, noSuchVersion?: readonly string[]): Miss {
  return { kind: 'miss', source, why, ...(noSuchVersion === undefined ? {} : { noSuchVersion }) };
}

/** What every source works with during one installation. */
export interface Site {
  readonly platform: Platform;
  readonly lock: Lock;
  /** Root of the tool cache. */
  readonly cache: string;
  /** Scratch folder on the same file system; emptied before and after. */
  readonly work: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly fetch: typeof fetch;
  readonly hosts: Hosts;
}
