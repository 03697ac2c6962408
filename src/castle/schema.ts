import { z } from 'zod';
import { type RetryClass, retryClasses } from '../layer/retry.ts';
import { box } from './box.ts';
import { budget } from './budget.ts';
import { claim, gitops, kubeconfig } from './cluster.ts';
import { type DatabaseSettings, database } from './database.ts';
import { drill } from './drill.ts';
import { lease } from './lease.ts';
import { leftovers } from './leftovers.ts';
import { milestones } from './milestones.ts';
import { proxmox } from './proxmox.ts';
import { secrets } from './secrets.ts';
import { state } from './state.ts';
import {
  duration,
  environmentName,
  exactVersion,
  kebabName,
  layerName,
  path,
  percentage,
  refPattern,
  versionRange,
} from './units.ts';
import { vault } from './vault.ts';
import { verify } from './verify.ts';
import { witness } from './witness.ts';

const tools = [
  'opentofu',
  'terraform',
  'terragrunt',
  'kubectl',
  'flux',
  'talosctl',
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'coredns',
  'kwok',
  'metallb-controller',
  'versitygw',
  'external-secrets',
  'source-controller',
  'kustomize-controller',
] as const;
type Tool = (typeof tools)[number];

/** A pinned tool; `path` is the range of versions for which a tool already on PATH will do. */
export interface Pin {
  readonly tool: Tool;
  readonly version: string;
  readonly path?: string;
}

const pin = z.union(
  [exactVersion, z.strictObject({ version: exactVersion, path: versionRange.optional() })],
  {
    error:
      'an exact version such as `1.12.6` (quote it where YAML would read a number), or a map of `version` and `path`',
  },
);

const toolchain = z
  .strictObject(
    Object.fromEntries(tools.map((tool) => [tool, pin.optional()])) as Record<
      Tool,
      z.ZodOptional<typeof pin>
    >,
  )
  .describe('Exact versions of the tools; what is not named is pinned by Phoenix')
  .transform((pins): readonly Pin[] =>
    tools.flatMap((tool) => {
      const wanted = pins[tool];
      if (wanted === undefined) return [];
      if (typeof wanted === 'string') return [{ tool, version: wanted }];
      return [{ tool, version: wanted.version, ...(wanted.path === undefined ? {} : { path: wanted.path }) }];
    }),
  );

export interface LayerSettings {
  readonly timeoutSeconds: number;
  /** Silence without CPU after which the layer counts as stalled. */
  readonly stallSeconds: number;
  readonly retry: { readonly on: readonly RetryClass[]; readonly times: number };
}

const layer = z
  .strictObject({
    timeout: duration.prefault('15m').describe('Longest time one attempt may take'),
    stall: duration.prefault('5m').describe('Silence without CPU after which the layer counts as stalled'),
    retry: z
      .strictObject({
        on: z.array(z.enum(retryClasses)).min(1, 'a list of at least one class of error'),
        times: z
          .int('a whole number from 1 to 10')
          .min(1, 'a whole number from 1 to 10')
          .max(10, 'a whole number from 1 to 10')
          .default(2),
      })
      .optional()
      .describe('Classes of failure after which the layer is tried again'),
  })
  .transform(
    ({ timeout, stall, retry }): LayerSettings => ({
      timeoutSeconds: timeout,
      stallSeconds: stall,
      retry: retry ?? { on: [], times: 0 },
    }),
  );

/** What holds for a layer that the castle file does not name. */
export const defaultLayer: LayerSettings = layer.parse({});

const layers = z
  .record(layerName, layer)
  .describe('Settings of single layers')
  // A map, not an object: a layer may be called `constructor`.
  .transform((named): ReadonlyMap<string, LayerSettings> => new Map(Object.entries(named)));

const vmidForm = 'VM ids from 100 up, such as `421-432` or `421,430-432`';
const vmids = z
  .union(
    [
      z.string().regex(/^\d{3,9}(?:-\d{3,9})?(?:, *\d{3,9}(?:-\d{3,9})?)*$/, vmidForm),
      z.int().min(100, vmidForm),
    ],
    { error: vmidForm },
  )
  .transform((value) =>
    String(value)
      .split(',')
      .map((range) => {
        const [first = 0, last = first] = range.split('-').map(Number);
        return { first, last };
      }),
  )
  .refine((ranges) => ranges.every(({ first, last }) => first >= 100 && first <= last), vmidForm);

const machineNameForm =
  'the name that a VM must have, with `*` for any characters and `?` for one, beginning with three letters or digits, such as `tazlab-*`';

const destroy = z
  .strictObject({
    protect: z
      .array(layerName)
      .default([])
      .describe('Layers that are never destroyed, and with them what they depend on'),
    vmids: vmids.describe('The only VM ids that may ever be deleted').optional(),
    tag: kebabName.describe('The tag that a VM must bear to be deleted').optional(),
    name: z
      .string({ error: machineNameForm })
      .regex(/^[A-Za-z0-9]{3}[A-Za-z0-9.*?-]{0,60}$/, machineNameForm)
      .optional()
      .describe('The name that a VM must have to be deleted; by default CASTLE-*'),
    mode: z
      .enum(['layers', 'nuke'])
      .default('layers')
      .describe('Layer by layer in reverse, or the VMs at once'),
    witness: witness.optional(),
    leftovers: leftovers.optional(),
  })
  // Only what matches all of it may ever be deleted past the layers.
  .refine(({ vmids, tag, mode }) => tag !== undefined || (vmids === undefined && mode === 'layers'), {
    path: ['tag'],
    error: 'the tag of the VMs that may be deleted',
  })
  .refine(({ vmids, tag, mode }) => vmids !== undefined || (tag === undefined && mode === 'layers'), {
    path: ['vmids'],
    error: 'the ids of the VMs that may be deleted',
  })
  .describe('What `phoenix destroy` may touch');

const report = z
  .strictObject({
    history: path.default('phoenix-history').describe('Branch that keeps the reports of earlier runs'),
    unattributed: percentage.prefault('2%').describe('Share of the wall clock that may stay unexplained'),
  })
  .describe('The ledger');

/** Whether a part of the database's proof is read from the cluster. */
function asksCluster(settings: DatabaseSettings | undefined): boolean {
  if (settings === undefined) return false;
  const { from, app, backup, restore } = settings;
  return (
    from.kind === 'cluster' || app?.from.kind === 'cluster' || backup !== undefined || restore !== undefined
  );
}

export const castleSchema = z
  .strictObject({
    version: z.literal(1).describe('Version of this format'),
    castle: kebabName.describe('Name of the castle'),
    live: path.describe('Folder of the Terragrunt units, relative to this file'),
    box: box.prefault(false),
    engine: z.enum(['tofu', 'terraform']).default('tofu').describe('What Terragrunt runs'),
    toolchain: toolchain.prefault({}),
    secrets: secrets.prefault({}),
    'allowed-refs': z
      .array(refPattern)
      .min(1, 'a list of at least one ref')
      .optional()
      .describe('The only refs whose jobs get secrets; default: the default branch'),
    vault: vault.prefault({}),
    env: z
      .array(environmentName)
      .default([])
      .describe('Names of environment variables, not secret, that layers may see'),
    layers: layers.prefault({}),
    lease: lease.prefault({}),
    state: state.prefault({}),
    kubeconfig: kubeconfig.optional(),
    claim: claim.optional(),
    gitops: gitops.optional(),
    milestones: milestones.prefault({}),
    verify: verify.prefault({}),
    proxmox: proxmox.optional(),
    database: database.optional(),
    destroy: destroy.optional(),
    drill: drill.prefault({}),
    budget: budget.prefault({}),
    report: report.prefault({}),
  })
  .refine(
    ({ budget, milestones }) =>
      budget.every(({ kind, name }) => kind !== 'milestone' || milestones.some((each) => each.name === name)),
    { path: ['budget', 'milestones'], error: 'names of `milestones` of this castle' },
  )
  .refine((value) => value.claim === undefined || value.kubeconfig !== undefined, {
    path: ['claim'],
    error: 'a `kubeconfig` section beside `claim`, for the claim talks to the cluster',
  })
  .refine((value) => value.claim === undefined || value.secrets.source !== undefined, {
    path: ['claim'],
    error: 'a `secrets.source` beside `claim`, for the claim hands the machine identity over',
  })
  .refine((value) => value.state.encryption === undefined || value.engine === 'tofu', {
    path: ['state', 'encryption'],
    error: '`engine: tofu` beside it, for Terraform cannot encrypt a state',
  })
  .refine((value) => value.state.encryption === undefined || value.secrets.source !== undefined, {
    path: ['state', 'encryption'],
    error: 'a `secrets.source` beside it, for the key is one of its secrets',
  })
  .refine((value) => value.proxmox === undefined || value.secrets.source !== undefined, {
    path: ['proxmox', 'token-secret'],
    error: 'a `secrets.source` beside it, for the token is one of its secrets',
  })
  .refine((value) => value.destroy?.mode !== 'nuke' || value.proxmox !== undefined, {
    path: ['proxmox'],
    error: 'a `proxmox` section beside `destroy.mode: nuke`, for that deletes VMs by its API',
  })
  // Else nothing would tell what goes with the VMs, and what of that is protected.
  .refine((value) => value.destroy?.mode !== 'nuke' || value.kubeconfig !== undefined, {
    path: ['kubeconfig'],
    error: 'a `kubeconfig` section beside `destroy.mode: nuke`, for its layer is the one that makes the VMs',
  })
  .refine(
    ({ destroy, secrets }) => destroy?.witness?.from.kind !== 'secret' || secrets.source !== undefined,
    {
      path: ['destroy', 'witness', 'url'],
      error: 'a `secrets.source` beside it, for the address is one of its secrets',
    },
  )
  .refine(
    ({ destroy, kubeconfig }) => destroy?.witness?.from.kind !== 'cluster' || kubeconfig !== undefined,
    {
      path: ['destroy', 'witness', 'secret'],
      error: 'a `kubeconfig` section beside it, for the secret is read from the cluster',
    },
  )
  .refine(({ destroy, kubeconfig }) => destroy?.witness?.backup === undefined || kubeconfig !== undefined, {
    path: ['destroy', 'witness', 'backup'],
    error: 'a `kubeconfig` section beside it, for the backup is taken in a pod',
  })
  .refine(
    ({ database, secrets }) =>
      [database?.from, database?.app?.from].every((from) => from?.kind !== 'secret') ||
      secrets.source !== undefined,
    {
      path: ['database'],
      error: 'a `secrets.source` beside it, for an address is one of its secrets',
    },
  )
  .refine(({ database, kubeconfig }) => !asksCluster(database) || kubeconfig !== undefined, {
    path: ['database'],
    error: 'a `kubeconfig` section beside it, for it is looked at in the cluster',
  })
  .refine(
    ({ destroy, secrets }) => destroy?.leftovers?.tailnet === undefined || secrets.source !== undefined,
    {
      path: ['destroy', 'leftovers', 'tailnet', 'token'],
      error: 'a `secrets.source` beside it, for the token is one of its secrets',
    },
  )
  .meta({ title: 'Phoenix castle file' });

export type CastleValues = z.output<typeof castleSchema>;
