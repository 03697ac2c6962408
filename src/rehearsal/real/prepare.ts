import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Castle } from '../../castle/load.ts';
import { assertNodeHost } from '../../doctor/node/assert.ts';
import { PhoenixError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { InstalledTool, ToolName } from '../../toolchain/install.ts';
import type { BoxSecrets } from '../box-secrets.ts';
import type { HostConfig } from '../host-protocol.ts';
import { makeImages } from '../images/make.ts';

/** What a box with a real node is opened with, and what its castle must know of it beforehand. */
export interface RealBox {
  readonly host: Pick<HostConfig, 'doors' | 'images' | 'bucket'>;
  /** What the pages of the blog say they are built from. */
  readonly blogBuild: string;
}

/** The name in the certificate of the bucket's server, and the region, as the tree of the castle has them. */
const bucketName = 's3.box.invalid';
export const bucket = 'box-backups';

/** What only a castle that pins it can have nodes of. */
const needed = ['kubelet', 'kube-proxy', 'coredns', 'kube-controller-manager', 'kube-scheduler'] as const;

/**
 * Makes the images of the node, or finds them, and says what the host is to start.
 * @throws PhoenixError PHX-BOX-CASTLE for a castle that has not what a node needs, PHX-BOX-NODE-HOST, PHX-BOX-IMAGE
 */
export async function prepareRealBox(
  castle: Castle,
  of: {
    readonly tools: ReadonlyMap<ToolName, InstalledTool>;
    readonly secrets: BoxSecrets;
    /** The box' folder on disk. */
    readonly onDisk: string;
    readonly home: string;
    readonly env: NodeJS.ProcessEnv;
    readonly log: Log;
    readonly signal: AbortSignal;
  },
): Promise<RealBox> {
  const missing = needed.filter((name) => !of.tools.has(name));
  if (missing.length > 0) throw notForNodes(castle, missing);
  await assertNodeHost({ env: of.env, signal: of.signal });
  const { images, blogBuild } = await makeImages({
    tools: of.tools,
    home: of.home,
    cacheDir: join(of.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'phoenix', 'images'),
    log: of.log,
    signal: of.signal,
  });
  const server = of.tools.get('versitygw');
  const stored = (name: string) => of.secrets.stored.get(name) ?? '';
  return {
    host: {
      doors: castle.box === false ? [] : [...castle.box.doors],
      images: images.map(({ reference, file }) => ({ reference, file })),
      ...(server === undefined
        ? {}
        : {
            bucket: {
              file: server.file,
              folder: join(of.onDisk, 's3'),
              bucket,
              name: bucketName,
              accessKey: stored('S3_ACCESS_KEY'),
              secretKey: stored('S3_SECRET_KEY'),
            },
          }),
    },
    blogBuild,
  };
}

function notForNodes({ name }: Castle, missing: readonly string[]): PhoenixError {
  return new PhoenixError({
    code: 'PHX-BOX-CASTLE',
    class: 'input',
    what: `The castle ${name} cannot be rehearsed with \`node: real\`.`,
    why: `Its toolchain has no ${missing.join(', ')}.`,
    next: 'Leave --castle out for the castle with a real node that comes with Phoenix, or pin these in its toolchain.',
  });
}
