import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Castle } from '../castle/load.ts';
import type { Edge } from '../edge.ts';
import { PhoenixError } from '../errors.ts';
import type { Run } from '../rebirth/run.ts';
import type { Report } from '../report/schema.ts';
import type { Request } from '../request.ts';
import type { InstalledTool, ToolName } from '../toolchain/install.ts';
import { type Box, openBox } from './box.ts';
import { type BoxSecrets, makeBoxSecrets, unusedSecret } from './box-secrets.ts';
import {
  castleInside,
  environmentInside,
  knownSecrets,
  type Place,
  type RealPlace,
  storedNames,
} from './inside.ts';
import { joinLastingBox, lastingBoxVariable } from './lasting.ts';
import { plantLeaks } from './leaks.ts';
import type { NodeKind } from './node-kind.ts';
import { bucketCa } from './real/bucket.ts';
import { prepareRealBox, type RealBox } from './real/prepare.ts';
import { assertCanStrike } from './real/troubles.ts';
import { standInConfigs } from './stand-in-configs.ts';
import { makeCastleRepository } from './stand-ins/git-repository.ts';

/** A castle that is rebuilt in the box: the castle file with the stand-ins' addresses, and what the layers must know. */
export interface Rehearsal extends AsyncDisposable {
  readonly castle: Castle;
  readonly env: Readonly<Record<string, string>>;
  readonly standIns: Report['standIns'];
  /** Folders on disk that the leak audit looks through: what the box wrote outside RAM. */
  readonly auditRoots: readonly string[];
  onDeath(listener: (error: PhoenixError) => void): void;
  /** Told of every program of a real node that died and was started again. */
  onRestart(listener: (name: string, how: string) => void): void;
}

const machine = {
  name: 'box-host',
  standsFor: 'the machine: it starts etcd and kube-apiserver where Proxmox would clone a VM',
};

/** What the box is not, in the words of the report. */
const standIns: Report['standIns'] = [
  { name: 'github-oidc', standsFor: "GitHub's OIDC issuer" },
  { name: 'infisical', standsFor: "Infisical's server" },
  { name: 'git', standsFor: 'the git host of the GitOps tree (a real git http-backend behind a token)' },
];

const nodeStandIns: Readonly<Record<NodeKind, Report['standIns']>> = {
  none: [
    machine,
    { name: 'box-node', standsFor: 'the kubelet: controllers run as host processes, and no other pod runs' },
  ],
  real: [
    { name: 'box-host', standsFor: 'the hypervisor: it starts a node where Proxmox would clone a VM' },
    {
      name: 'castle-node',
      standsFor: 'the machines: one real Kubernetes node in namespaces of this machine, with volumes in RAM',
    },
  ],
  kwok: [
    machine,
    {
      name: 'box-node',
      standsFor: 'the kubelet of External Secrets Operator and Flux, which run as host processes',
    },
    {
      name: 'kwok',
      standsFor:
        'the nodes and every other pod (`node: kwok`): nothing is pulled, started or reachable, and ready means nothing',
    },
  ],
};

/**
 * The box of a run: one of its own that ends with it, or the one that PHOENIX_BOX names, which outlives it. The redactor,
 * and with it the leak audit, knows all of the box's secrets from the start.
 */
export async function openRehearsal(
  run: Run,
  tools: ReadonlyMap<ToolName, InstalledTool>,
  request: Pick<Request, 'fault' | 'seed' | 'node' | 'from-nothing'>,
  edge: Pick<Edge, 'self' | 'home' | 'env'>,
): Promise<Rehearsal> {
  const { castle } = run;
  assertCanStrike(request.fault, request.node);
  const lasting = run.env[lastingBoxVariable];
  if (lasting) {
    refuseForOpenBox(request);
    const { place, seed } = await joinLastingBox(lasting, castle);
    return inside(run, place, makeBoxSecrets(storedNames(castle), seed), tools, request);
  }
  const secrets = makeBoxSecrets(storedNames(castle), request.seed);
  const { box, place } = await startBox(
    castle,
    { dir: join(run.vault.dir, 'box'), stateDir: run.stateDir, log: run.log, signal: run.signal },
    secrets,
    tools,
    request,
    edge,
  );
  return inside(run, place, secrets, tools, request, box);
}

async function inside(
  run: Run,
  place: Place,
  secrets: BoxSecrets,
  tools: ReadonlyMap<ToolName, InstalledTool>,
  { fault: faults, node }: Pick<Request, 'fault' | 'node'>,
  own?: Box,
): Promise<Rehearsal> {
  for (const [name, value] of knownSecrets(secrets, run.castle)) run.redactor.add(name, value);
  const leaks = await plantLeaks(faults, {
    secret: secrets.stored.get(unusedSecret) ?? secrets.requestToken,
    env: run.env,
  });
  return {
    castle: castleInside(run.castle, place, faults),
    env: environmentInside(place, secrets, tools),
    standIns: [...standIns, ...nodeStandIns[node]],
    auditRoots: [place.dir],
    onDeath(listener) {
      own?.onDeath((name, how) => listener(died(name, how)));
    },
    onRestart(listener) {
      own?.onRestart(listener);
    },
    async [Symbol.asyncDispose]() {
      await leaks[Symbol.asyncDispose]();
      await own?.[Symbol.asyncDispose]();
    },
  };
}

/** Starts a new box in RAM folder `dir`, which is made: its git repository, its host with the stand-ins. */
export async function startBox(
  castle: Castle,
  at: Pick<Run, 'stateDir' | 'log' | 'signal'> & { readonly dir: string },
  secrets: BoxSecrets,
  tools: ReadonlyMap<ToolName, InstalledTool>,
  { fault, node, ...request }: Pick<Request, 'fault' | 'node' | 'from-nothing'>,
  { self, home, env }: Pick<Edge, 'self' | 'home' | 'env'>,
): Promise<{ readonly box: Box; readonly place: Place }> {
  const onDisk = join(at.stateDir, 'box');
  // A rebirth begins from nothing: what an earlier rehearsal built is gone with its RAM, so its state is void.
  await rm(onDisk, { recursive: true, force: true });
  await mkdir(join(onDisk, 'git'), { recursive: true });
  const bare = join(onDisk, 'git', 'castle.git');
  await mkdir(at.dir, { mode: 0o700 });
  if (castle.gitops !== undefined) {
    await makeCastleRepository({ from: castle.gitops.dir, bare, branch: castle.gitops.branch });
  }
  const real =
    node === 'real'
      ? await prepareRealBox(castle, { tools, secrets, onDisk, home, env, log: at.log, signal: at.signal })
      : undefined;
  const box = await openBox({
    ...at,
    tools,
    standIns: standInConfigs(castle, secrets, bare, fault, at.dir),
    // The first life of a castle that is destroyed and raised again is a whole one.
    troubles: { faults: [...fault], faultsFrom: request['from-nothing'] ? 2 : 1 },
    self,
    node,
    ...(real === undefined ? {} : { real: real.host }),
  });
  const place = { socket: box.socket, dir: onDisk, standIns: box.standIns };
  return { box, place: real === undefined ? place : { ...place, real: placeOf(real, box, at.dir) } };
}

function placeOf({ blogBuild, host }: RealBox, { doors, bucketPort }: Box, dir: string): RealPlace {
  const bucket =
    bucketPort === undefined
      ? undefined
      : {
          port: bucketPort,
          ca: join(dir, bucketCa),
          folder: join(host.bucket?.folder ?? '', host.bucket?.bucket ?? ''),
        };
  return { blogBuild, doors, bucket };
}

/** A box that lasts was given all of it when it was opened: a fault that never strikes proves nothing. */
function refuseForOpenBox({ fault, seed, node }: Pick<Request, 'fault' | 'seed' | 'node'>): void {
  const foreign = fault.find((each) => !each.startsWith('leak:'));
  const option =
    foreign !== undefined
      ? `fault: ${foreign}`
      : seed !== undefined
        ? 'seed'
        : node !== 'none'
          ? `node: ${node}`
          : undefined;
  if (option === undefined) return;
  throw new PhoenixError({
    code: 'PHX-INPUT-USAGE',
    class: 'input',
    what: `\`${option}\` means nothing in a box that is open already.`,
    why: `${lastingBoxVariable} names that box, and its stand-ins and secrets were made when it was opened.`,
    next: `Leave it out, or unset ${lastingBoxVariable} so that the run opens a box of its own.`,
  });
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
