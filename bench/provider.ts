import { mirrorOf } from '../__tests__/support/backends/provider-archive.ts';

/** So many providers there are; with more layers some share one. */
const kinds = 8;
const namespace = 'bench';
const typeOf = (layer: number) => `kind${layer % kinds}`;

/**
 * What a layer's module says that needs a provider, each another one as real layers do; nothing of it is used, so that
 * installing it is all that is measured.
 */
export function required(layer: number): string {
  const source = `registry.opentofu.org/${namespace}/${typeOf(layer)}`;
  return `terraform {\n  required_providers {\n    own = {\n      source = "${source}"\n    }\n  }\n}\n`;
}

/**
 * A CLI configuration by which providers come from a mirror on this machine, as packages that have to be unpacked: what
 * a runner does that has a mirror.
 */
export function mirrorConfig(folder: string): Promise<string> {
  return mirrorOf(
    folder,
    namespace,
    Array.from({ length: kinds }, (_, kind) => typeOf(kind)),
  );
}
