import type { Platform } from './platform.ts';

export type ArchiveKind = 'zip' | 'tar.gz' | 'bare';

export interface ReleaseFile {
  readonly url: string;
  readonly kind: ArchiveKind;
  /** The binary's path inside the archive; '' for a bare binary. */
  readonly entry: string;
  /** The publisher's own checksum file. */
  readonly checksums: string;
}

export interface GoRecipe {
  readonly module: string;
  readonly package: string;
  /** `copy`: build in a copy of the module. `kubernetes`: build through a wrapper that replaces its staging modules. */
  readonly build: 'copy' | 'kubernetes';
  /** Linker settings that give the binary its version, where a peer checks it. */
  readonly stamp: (version: string) => readonly string[];
  /** Files written over those of the copied source. */
  readonly overwrite?: Readonly<Record<string, string>>;
  /** Another version of a module than the source asks for, by path. */
  readonly replace?: Readonly<Record<string, string>>;
  /** The file or folder of the module that holds its CRDs. */
  readonly crds?: string;
}

export interface Tool {
  /** The version that Phoenix is tested with. */
  readonly pin: string;
  /** undefined: the publisher has no binary for that platform (controllers come as images only). */
  readonly release: (version: string, platform: Platform) => ReleaseFile | undefined;
  /** owner/name whose GitHub releases are the publisher's list of versions. */
  readonly repository: string;
  readonly go?: GoRecipe;
  /** How the binary says its version; absent: it cannot. */
  readonly version?: { readonly args: readonly string[]; readonly pattern: RegExp };
}
