import { join } from 'node:path';
import type { Castle } from '../castle/load.ts';
import type { InstalledTool, ToolName } from '../toolchain/install.ts';
import type { BoxSecrets } from './box-secrets.ts';
import type { StandInLine } from './host-protocol.ts';
import { leavesStatesInTheClear } from './leaks.ts';
import { nodeAddress } from './real/place.ts';
import { audienceOf } from './stand-in-configs.ts';

/** A box that listens, as those inside it see it. */
export interface Place {
  /** The unix socket of the host, which the platform layer asks for a machine. */
  readonly socket: string;
  /** On disk, outside RAM: states, the git repository, caches. */
  readonly dir: string;
  readonly standIns: ReadonlyMap<string, StandInLine>;
  /** What a box with a real node has besides. */
  readonly real?: RealPlace;
}

export interface RealPlace {
  readonly blogBuild: string;
  /** Ports of this machine's loopback that lead into the node, by name. */
  readonly doors: ReadonlyMap<string, number>;
  /** The S3 server: its port, the file with its CA, and the folder with what is in the bucket. */
  readonly bucket: { readonly port: number; readonly ca: string; readonly folder: string } | undefined;
}

/** What is looked for everywhere when a run in the box ends, though Phoenix itself never fetches all of it. */
export function knownSecrets(
  secrets: BoxSecrets,
  { claim }: Pick<Castle, 'claim'>,
): (readonly [name: string, value: string])[] {
  const stored = [...secrets.stored].filter(
    ([name]) => name !== claim?.clientId && name !== claim?.clientSecret,
  );
  return [
    ['OIDC request token', secrets.requestToken],
    ...stored,
    ['machine identity secret', secrets.clientSecret],
    ['text in error bodies', secrets.inErrors],
  ];
}

/** Everything the castle asks its source for, and the token that only the cluster claims. */
export function storedNames({ secrets, claim }: Castle): string[] {
  const own = secrets.list.map(({ name }) => name);
  return claim === undefined ? own : [...new Set([...own, claim.token])];
}

/** The castle file with the addresses of the box. */
export function castleInside(castle: Castle, place: Place, faults: readonly string[]): Castle {
  const whole = leavesStatesInTheClear(faults) ? withoutEncryption(castle) : castle;
  return withAddresses(whole, place);
}

/** What the layers and the login of a run inside the box must know. */
export function environmentInside(
  { socket, dir, standIns, real }: Place,
  { requestToken }: BoxSecrets,
  tools: ReadonlyMap<ToolName, InstalledTool>,
): Record<string, string> {
  return {
    ACTIONS_ID_TOKEN_REQUEST_URL: standIns.get('github-oidc')?.main ?? '',
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
    PHOENIX_BOX_SOCKET: socket,
    PHOENIX_BOX_STATE: join(dir, 'state'),
    PHOENIX_BOX_GIT: `${asPodsReach(standIns.get('git')?.url ?? '', real)}/castle.git`,
    PHOENIX_BOX_NODE: process.execPath,
    TG_DOWNLOAD_DIR: join(dir, 'terragrunt-cache'),
    ...assetVariables(tools),
    ...(real === undefined ? {} : realVariables(real, tools)),
  };
}

/** What the units of the box' castle do otherwise where a real node is. */
function realVariables(
  { blogBuild, bucket }: RealPlace,
  tools: ReadonlyMap<ToolName, InstalledTool>,
): Record<string, string> {
  return {
    PHOENIX_BOX_NODE_KIND: 'real',
    PHOENIX_BOX_ENTRY: './clusters/node',
    PHOENIX_BOX_METALLB: tools.get('metallb-controller')?.assets ?? '',
    PHOENIX_BOX_BLOG_BUILD: blogBuild,
    ...(bucket === undefined
      ? {}
      : {
          PHOENIX_BOX_S3: `${nodeAddress}:${bucket.port}`,
          PHOENIX_BOX_S3_CA: bucket.ca,
          PHOENIX_BOX_BUCKET: bucket.folder,
        }),
  };
}

/** A stand-in listens on this machine's loopback; pods reach it at the node's own address, at the same port. */
function asPodsReach(url: string, real: RealPlace | undefined): string {
  return real === undefined ? url : url.replace('127.0.0.1', nodeAddress);
}

/** The folders with the controllers' CRDs: PHOENIX_BOX_ASSETS_EXTERNAL_SECRETS and so on. */
function assetVariables(tools: ReadonlyMap<ToolName, InstalledTool>): Record<string, string> {
  const withAssets = [...tools.values()].filter(({ assets }) => assets !== '');
  return Object.fromEntries(
    withAssets.map(({ name, assets }) => [
      `PHOENIX_BOX_ASSETS_${name.toUpperCase().replaceAll('-', '_')}`,
      assets,
    ]),
  );
}

function withoutEncryption(castle: Castle): Castle {
  const { encryption: _, ...state } = castle.state;
  return { ...castle, state };
}

/**
 * Castle files of the box write `http://NAME.box.invalid` for a stand-in or a door, whose port is known only when it
 * listens, `NAME.box.invalid:PORT` for a door that is none of HTTP, and `blog-build.box.invalid` for the blog's build.
 */
function withAddresses(castle: Castle, { standIns, real }: Place): Castle {
  const doors = real?.doors ?? new Map<string, number>();
  const url = (name: string) => {
    const door = doors.get(name);
    return standIns.get(name)?.url ?? (door === undefined ? undefined : `http://127.0.0.1:${door}`);
  };
  const at = (address: string) =>
    address.replace(/^http:\/\/([a-z0-9-]+)\.box\.invalid/, (whole, name: string) => url(name) ?? whole);
  const through = <T extends { readonly at?: { readonly host: string; readonly port: number } }>(
    reached: T,
  ) => {
    const port = doors.get(reached.at?.host.replace(/\.box\.invalid$/, '') ?? '');
    return port === undefined ? reached : { ...reached, at: { host: '127.0.0.1', port } };
  };
  const { source } = castle.secrets;
  const { database, destroy } = castle;
  return {
    ...castle,
    ...(database === undefined
      ? {}
      : {
          database: {
            ...through(database),
            ...(database.app === undefined ? {} : { app: through(database.app) }),
          },
        }),
    ...(destroy?.witness === undefined ? {} : { destroy: { ...destroy, witness: through(destroy.witness) } }),
    secrets: {
      ...castle.secrets,
      source:
        source?.kind === 'infisical'
          ? { ...source, host: at(source.host), audience: audienceOf(source) }
          : source,
    },
    ...(castle.claim === undefined
      ? {}
      : {
          claim: {
            ...castle.claim,
            repository: at(castle.claim.repository),
            ...(real === undefined || source?.kind !== 'infisical'
              ? {}
              : { host: asPodsReach(at(source.host), real) }),
          },
        }),
    milestones: castle.milestones.map((milestone) => ({
      ...milestone,
      all: milestone.all.map((check) =>
        check.kind === 'http'
          ? {
              ...check,
              url: at(check.url),
              ...(check.contains === undefined
                ? {}
                : { contains: check.contains.replace('blog-build.box.invalid', real?.blogBuild ?? '$&') }),
            }
          : check,
      ),
    })),
  };
}
