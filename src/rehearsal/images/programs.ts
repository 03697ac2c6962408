import { stat } from 'node:fs/promises';
import { debianPackages, presentPackages } from './debian.ts';
import { packageEntries } from './debian-layer.ts';
import { above } from './folder.ts';
import { basics, mergedUsr } from './layout.ts';
import { fileMark, type ImageRecipe, keyOf, type LayerRecipe, smallLayer } from './recipe.ts';
import type { Store } from './store.ts';

interface ProgramImage {
  /** The tool's name in the toolchain, and the program's in the image. */
  readonly tool: string;
  readonly reference: string;
  readonly user: string;
}

const nonroot = '65532:65532';

/** Under the names that the manifests of their projects give, so that those need no patch. */
export const programImages: readonly ProgramImage[] = [
  {
    tool: 'external-secrets',
    reference: 'ghcr.io/external-secrets/external-secrets:v0.20.4',
    user: nonroot,
  },
  { tool: 'source-controller', reference: 'ghcr.io/fluxcd/source-controller:v1.7.2', user: nonroot },
  { tool: 'kustomize-controller', reference: 'ghcr.io/fluxcd/kustomize-controller:v1.7.2', user: nonroot },
  { tool: 'metallb-controller', reference: 'quay.io/metallb/controller:v0.16.1', user: nonroot },
  { tool: 'kubectl', reference: 'phoenix.box/kubectl:1', user: nonroot },
  // Port 53 is root's: a pod of it drops every capability but NET_BIND_SERVICE.
  { tool: 'coredns', reference: 'phoenix.box/coredns:1', user: '0:0' },
];

/** An image of one program that needs no library, as Go links them: the program is its entrypoint. */
export async function programImage(
  { tool, reference, user }: ProgramImage,
  file: string,
): Promise<ImageRecipe> {
  const path = `usr/local/bin/${tool}`;
  return {
    reference,
    config: { entrypoint: [`/${path}`], user },
    layers: [staticBase, await programLayer(file, path)],
  };
}

/** The least that lives in a pod before its containers: it sleeps, and is ended by SIGKILL as the real one is. */
export async function pauseImage(store: Store): Promise<ImageRecipe> {
  const wanted = { packages: ['busybox-static'] };
  const one = (packages: Awaited<ReturnType<typeof debianPackages>>) =>
    packages.filter(({ name }) => name.startsWith('busybox-static_'));
  const others = /^(?!(?:usr|usr\/bin|usr\/bin\/busybox)$)/;
  const names = one(await debianPackages(wanted, store)).map(({ name }) => name);
  const layer: LayerRecipe = {
    key: keyOf('busybox', names),
    async *entries() {
      yield* packageEntries(one(await presentPackages(wanted, store)), store.signal, others);
    },
  };
  return {
    reference: 'phoenix.box/pause:1',
    config: { entrypoint: ['/usr/bin/busybox', 'sleep', 'infinity'], user: '65535:65535' },
    layers: [staticBase, layer],
  };
}

/** `file` as a program at `path`, told from other versions by its place, size and time. */
export async function programLayer(file: string, path: string): Promise<LayerRecipe> {
  return {
    key: keyOf('program', path, await fileMark(file)),
    async *entries() {
      yield* above(path);
      yield { path, type: 'file', mode: 0o755, size: (await stat(file)).size, body: { file } };
    },
  };
}

const staticBase = smallLayer([...basics([{ name: 'nonroot', id: 65532 }]), ...mergedUsr]);
