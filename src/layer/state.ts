import { z } from 'zod';
import { runChild } from '../child.ts';
import { PhoenixError } from '../errors.ts';
import { varFileArguments } from '../locks/probe.ts';
import { collectorPercent, collectRarely } from './collector.ts';

/** An OpenTofu/Terraform state, format 4, as `state pull` prints it: what a verdict and a kubeconfig need of it. */
const stateFormat = z.object({
  version: z.literal(4),
  serial: z.number(),
  lineage: z.string(),
  outputs: z.record(
    z.string(),
    z.object({ value: z.unknown(), type: z.unknown(), sensitive: z.boolean().optional() }),
  ),
  resources: z.array(
    z.object({
      module: z.string().optional(),
      mode: z.enum(['managed', 'data', 'ephemeral']),
      type: z.string(),
      name: z.string(),
      instances: z.array(
        z.object({ index_key: z.union([z.string(), z.number()]).optional(), status: z.string().optional() }),
      ),
    }),
  ),
});

export interface LayerState {
  readonly serial: number;
  /** Addresses of the managed instances, as the engine's events write them. */
  readonly addresses: ReadonlySet<string>;
  /** Instances whose creation or provisioner failed half-way. */
  readonly tainted: ReadonlySet<string>;
  readonly outputs: ReadonlyMap<string, unknown>;
  /** Those that the engine calls sensitive. */
  readonly sensitive: ReadonlyMap<string, unknown>;
  /** All outputs as `output -json` prints them; left out where a number in them is not held exactly. */
  readonly printed?: string;
}

/** A backend that does not answer must not hold up a run for ever. */
const readWithinMs = 120_000;
const largestState = 256 << 20;

/**
 * Reads a layer's state from its backend, into memory only. `dir` is the folder the engine ran in (initialised), and
 * the same var files are given again, for a state that is encrypted with one of them.
 */
export async function readState(options: {
  readonly engine: string;
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly varFiles: readonly string[];
  readonly signal: AbortSignal;
}): Promise<LayerState> {
  const { code, stdout, stderr, trouble } = await runChild(
    options.engine,
    ['state', 'pull', ...varFileArguments(options)],
    {
      cwd: options.dir,
      env: collectRarely(options.env, collectorPercent.shortEngine),
      signal: options.signal,
      timeoutMs: readWithinMs,
      keep: largestState,
    },
  );
  if (code !== 0) throw unreadable(trouble ?? stderr.trim().split('\n').slice(0, 4).join(' '));
  return parseState(stdout);
}

/** What `state pull` printed. Throws PHX-LAYER-STATE-UNREADABLE. */
export function parseState(stdout: string): LayerState {
  // The engine may print warnings about its configuration before the state.
  const start = stdout.indexOf('{"version"') >= 0 ? stdout.indexOf('{"version"') : stdout.indexOf('{\n');
  let value: unknown;
  try {
    value = JSON.parse(stdout.slice(Math.max(0, start)));
  } catch (cause) {
    throw unreadable('What `state pull` printed is no JSON.', cause);
  }
  const parsed = stateFormat.safeParse(value);
  if (!parsed.success) throw unreadable(z.prettifyError(parsed.error));
  return summarise(parsed.data);
}

function unreadable(why: string, cause?: unknown): PhoenixError {
  return new PhoenixError({
    code: 'PHX-LAYER-STATE-UNREADABLE',
    class: 'layer',
    what: "The layer's state could not be read back.",
    why,
    next: 'Check the backend and its credentials; the layer may have been applied all the same. Then run again.',
    cause,
  });
}

function summarise(state: z.infer<typeof stateFormat>): LayerState {
  const addresses = new Set<string>();
  const tainted = new Set<string>();
  for (const resource of state.resources) {
    if (resource.mode !== 'managed') continue;
    const prefix = `${resource.module === undefined ? '' : `${resource.module}.`}${resource.type}.${resource.name}`;
    for (const { index_key: key, status } of resource.instances) {
      const address = key === undefined ? prefix : `${prefix}[${JSON.stringify(key)}]`;
      addresses.add(address);
      if (status === 'tainted') tainted.add(address);
    }
  }
  const { serial } = state;
  const printed = printedOf(state.outputs);
  return {
    serial,
    addresses,
    tainted,
    ...outputsOf(state.outputs),
    ...(printed === undefined ? {} : { printed }),
  };
}

function printedOf(outputs: z.infer<typeof stateFormat>['outputs']): string | undefined {
  const entries = Object.entries(outputs);
  // The engine's numbers have no bounds, those of JavaScript do.
  if (!entries.every(([, { value }]) => exact(value))) return undefined;
  const printed = entries.map(([name, { value, type, sensitive = false }]) => [
    name,
    { sensitive, type, value },
  ]);
  return JSON.stringify(Object.fromEntries(printed));
}

function exact(value: unknown): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value);
  return typeof value !== 'object' || value === null || Object.values(value).every(exact);
}

/** Outputs as a state holds them and as `output -json` prints them, and which of them are sensitive. */
export function outputsOf(
  outputs: Readonly<Record<string, { readonly value?: unknown; readonly sensitive?: boolean | undefined }>>,
): Pick<LayerState, 'outputs' | 'sensitive'> {
  const all = Object.entries(outputs);
  const valuesOf = (some: typeof all) => new Map(some.map(([name, { value }]) => [name, value]));
  return {
    outputs: valuesOf(all),
    sensitive: valuesOf(all.filter(([, { sensitive }]) => sensitive === true)),
  };
}

/** What the engine said it did to each address; the last word counts. */
export type Claimed = ReadonlyMap<string, 'present' | 'absent'>;

/** Where the state contradicts what the engine said; empty when they agree. */
export function contradictions(claimed: Claimed, state: LayerState): string[] {
  const wrong: string[] = [];
  for (const [address, expected] of claimed) {
    const there = state.addresses.has(address);
    if (expected === 'present' && !there) wrong.push(`${address} was applied but is not in the state`);
    if (expected === 'present' && state.tainted.has(address))
      wrong.push(`${address} is tainted in the state`);
    if (expected === 'absent' && there) wrong.push(`${address} was destroyed but is still in the state`);
  }
  return wrong;
}
