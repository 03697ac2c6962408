import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Castle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { PhoenixError } from '../errors.ts';
import type { Run } from '../rebirth/run.ts';
import type { Report } from '../report/schema.ts';
import type { Request } from '../request.ts';
import type { InstalledTool, ToolName } from '../toolchain/install.ts';
import { openBox } from './box.ts';
import { type BoxSecrets, makeBoxSecrets, unusedSecret } from './box-secrets.ts';
import { leavesStatesInTheClear, plantLeaks } from './leaks.ts';
import { audienceOf, standInConfigs } from './stand-in-configs.ts';
import { parseFault } from './stand-ins/faults.ts';
import { makeCastleRepository } from './stand-ins/git-repository.ts';

/** A castle that is rebuilt in the box: the castle file with the stand-ins' addresses, and what the layers must know. */
export interface Rehearsal extends AsyncDisposable {
  readonly castle: Castle;
  readonly env: Readonly<Record<string, string>>;
  readonly standIns: Report['standIns'];
  /** Folders on disk that the leak audit looks through: what the box wrote outside RAM. */
  readonly auditRoots: readonly string[];
  onDeath(listener: (error: PhoenixError) => void): void;
}

/** What the box is not, in the words of the report. */
const standIns: Report['standIns'] = [
  { name: 'github-oidc', standsFor: "GitHub's OIDC issuer" },
  { name: 'infisical', standsFor: "Infisical's server" },
  { name: 'git', standsFor: 'the git host of the GitOps tree (a real git http-backend behind a token)' },
  {
    name: 'box-host',
    standsFor: 'the machine: it starts etcd and kube-apiserver where Proxmox would clone a VM',
  },
  { name: 'box-node', standsFor: 'the kubelet: controllers run as host processes, and no other pod runs' },
];

/** Opens the box for a run: its git repository, its secrets, its host with the stand-ins. */
export async function openRehearsal(
  run: Run,
  tools: ReadonlyMap<ToolName, InstalledTool>,
  request: Pick<Request, 'fault' | 'seed'>,
  edge: Pick<Edge, 'self'>,
): Promise<Rehearsal> {
  const { castle } = run;
  request.fault.forEach(parseFault);
  const stateDir = join(run.stateDir, 'box');
  // A rebirth begins from nothing: what an earlier rehearsal built is gone with its RAM, so its state is void.
  await rm(stateDir, { recursive: true, force: true });
  await mkdir(join(stateDir, 'git'), { recursive: true });
  const bare = join(stateDir, 'git', 'castle.git');
  const dir = join(run.vault.dir, 'box');
  await mkdir(dir, { mode: 0o700 });
  const secrets = makeBoxSecrets(storedNames(castle), request.seed);
  register(run, secrets, castle);
  if (castle.gitops !== undefined) {
    await makeCastleRepository({ from: castle.gitops.dir, bare, branch: castle.gitops.branch });
  }
  const box = await openBox({
    dir,
    stateDir: run.stateDir,
    tools,
    standIns: standInConfigs(castle, secrets, bare, request.fault),
    self: edge.self,
    log: run.log,
    signal: run.signal,
  });
  const url = (name: string) => box.standIns.get(name)?.url ?? '';
  const leaks = await plantLeaks(request.fault, {
    secret: secrets.stored.get(unusedSecret) ?? secrets.requestToken,
    env: run.env,
  });
  return {
    castle: withAddresses(
      leavesStatesInTheClear(request.fault) ? withoutEncryption(castle) : castle,
      (name) => url(name),
    ),
    env: {
      ACTIONS_ID_TOKEN_REQUEST_URL: box.standIns.get('github-oidc')?.main ?? '',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: secrets.requestToken,
      PHOENIX_BOX_SOCKET: box.socket,
      PHOENIX_BOX_STATE: join(stateDir, 'state'),
      PHOENIX_BOX_GIT: `${url('git')}/castle.git`,
      PHOENIX_BOX_NODE: process.execPath,
      TG_DOWNLOAD_DIR: join(stateDir, 'terragrunt-cache'),
      ...assetVariables(tools),
    },
    standIns,
    auditRoots: [stateDir],
    onDeath(listener) {
      box.onDeath((name, how) => listener(died(name, how)));
    },
    async [Symbol.asyncDispose]() {
      await leaks[Symbol.asyncDispose]();
      await box[Symbol.asyncDispose]();
    },
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

/** Everything the castle asks its source for, and the token that only the cluster claims. */
function storedNames({ secrets, claim }: Castle): string[] {
  const own = secrets.list.map(({ name }) => name);
  return claim === undefined ? own : [...new Set([...own, claim.token])];
}

/** The redactor, and with it the leak audit, knows all of them from the start, also those that Phoenix never fetches. */
function register(run: Run, secrets: BoxSecrets, { claim }: Castle): void {
  run.redactor.add('OIDC request token', secrets.requestToken);
  for (const [name, value] of secrets.stored) {
    if (name !== claim?.clientId && name !== claim?.clientSecret) run.redactor.add(name, value);
  }
  run.redactor.add('machine identity secret', secrets.clientSecret);
  run.redactor.add('text in error bodies', secrets.inErrors);
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

function died(name: string, how: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-BOX-DIED',
    class: 'cluster',
    what: `${name} of the box died in the middle of the run.`,
    why: `It ended with ${how}.`,
    next: 'Run the rehearsal again; if it stays, look at its log in the folder .phoenix near the castle file.',
  });
}
