import { createHash } from 'node:crypto';
import { type Entry, type Written, writeTar } from './tar.ts';

/** How containers of an image are started, in the words of the OCI image specification. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Numeric, since Kubernetes takes `runAsNonRoot` only of a number: UID or UID:GID. */
  readonly user: string;
  readonly workdir?: string;
}

export interface Layer extends Written {
  readonly file: string;
}

const layerType = 'application/vnd.oci.image.layer.v1.tar';
const configType = 'application/vnd.oci.image.config.v1+json';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';
const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * Writes one image as an archive of an OCI image layout, which `ctr images import` takes. Layers are not compressed:
 * they travel from one disk to the same disk. One that several images hold is in each archive, under the same digest.
 */
export async function writeArchive(
  file: string,
  reference: string,
  config: ImageConfig,
  layers: readonly Layer[],
  signal: AbortSignal,
): Promise<void> {
  const described = json(configOf(config, layers));
  const manifest = json({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: configType, digest: described.digest, size: described.bytes.length },
    layers: layers.map(({ digest, size }) => ({ mediaType: layerType, digest: `sha256:${digest}`, size })),
  });
  const index = json({
    schemaVersion: 2,
    mediaType: indexType,
    manifests: [
      {
        mediaType: manifestType,
        digest: manifest.digest,
        size: manifest.bytes.length,
        annotations: {
          'io.containerd.image.name': reference,
          'org.opencontainers.image.ref.name': reference.slice(reference.lastIndexOf(':') + 1),
        },
      },
    ],
  });
  const entries: Entry[] = [
    held('oci-layout', json({ imageLayoutVersion: '1.0.0' }).bytes),
    held('index.json', index.bytes),
    { path: 'blobs', type: 'directory', mode: 0o755 },
    { path: 'blobs/sha256', type: 'directory', mode: 0o755 },
    held(blobPath(manifest.digest), manifest.bytes),
    held(blobPath(described.digest), described.bytes),
    ...layers.map(({ digest, size, file: body }): Entry => {
      return { path: `blobs/sha256/${digest}`, type: 'file', mode: 0o644, size, body: { file: body } };
    }),
  ];
  await writeTar(file, entries, signal);
}

/** The image's configuration: no time of day, so that the same layers give the same digest. */
export function configOf(
  { entrypoint, cmd, env, user, workdir = '/' }: ImageConfig,
  layers: readonly Pick<Layer, 'digest'>[],
) {
  const created = '1970-01-01T00:00:00Z';
  const variables = { PATH: usualPath, ...env };
  return {
    created,
    architecture: architectures[process.arch] ?? process.arch,
    os: 'linux',
    config: {
      User: user,
      Env: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
      Entrypoint: entrypoint,
      ...(cmd === undefined ? {} : { Cmd: cmd }),
      WorkingDir: workdir,
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => `sha256:${digest}`) },
    history: layers.map(() => ({ created, created_by: 'phoenix' })),
  };
}

function json(value: unknown) {
  const bytes = Buffer.from(JSON.stringify(value));
  return { bytes, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` };
}

function held(path: string, body: Buffer): Entry {
  return { path, type: 'file', mode: 0o644, size: body.length, body };
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}
