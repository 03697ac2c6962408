import { join } from 'node:path';
import type { Castle } from '../castle/load.ts';
import type { InstalledTool, ToolName } from '../toolchain/install.ts';
import type { BoxSecrets } from './box-secrets.ts';
import type { StandInLine } from './host-protocol.ts';
import { leavesStatesInTheClear } from './leaks.ts';
import { audienceOf } from './stand-in-configs.ts';

/** A box that listens, as those inside it see it. */
export interface Place {
  /** The unix socket of the host, which the platform layer asks for a machine. */
  readonly socket: string;
  /** On disk, outside RAM: states, the git repository, caches. */
  readonly dir: string;
  readonly standIns: ReadonlyMap<string, StandInLine>;
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

/** The castle file with the stand-ins' addresses. */
export function castleInside(castle: Castle, { standIns }: Place, faults: readonly string[]): Castle {
  const whole = leavesStatesInTheClear(faults) ? withoutEncryption(castle) : castle;
  return withAddresses(whole, (name) => standIns.get(name)?.url ?? '');
}

/** What the layers and the login of a run inside the box must know. */
export function environmentInside(
  { socket, dir, standIns }: Place,
  { requestToken }: BoxSecrets,
  tools: ReadonlyMap<ToolName, InstalledTool>,
): Record<string, string> {
  return {
    ACTIONS_ID_TOKEN_REQUEST_URL: standIns.get('github-oidc')?.main ?? '',
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
    PHOENIX_BOX_SOCKET: socket,
    PHOENIX_BOX_STATE: join(dir, 'state'),
    PHOENIX_BOX_GIT: `${standIns.get('git')?.url ?? ''}/castle.git`,
    PHOENIX_BOX_NODE: process.execPath,
    TG_DOWNLOAD_DIR: join(dir, 'terragrunt-cache'),
    ...assetVariables(tools),
  };
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

/** Castle files of the box write `http://NAME.box.invalid`, since a stand-in's port is known only when it listens. */
function withAddresses(castle: Castle, url: (name: string) => string): Castle {
  const real = (address: string) =>
    address.replace(/^http:\/\/([a-z0-9-]+)\.box\.invalid/, (whole, name: string) => url(name) || whole);
  const { source } = castle.secrets;
  return {
    ...castle,
    secrets: {
      ...castle.secrets,
      source:
        source?.kind === 'infisical'
          ? { ...source, host: real(source.host), audience: audienceOf(source) }
          : source,
    },
    ...(castle.claim === undefined
      ? {}
      : { claim: { ...castle.claim, repository: real(castle.claim.repository) } }),
  };
}
