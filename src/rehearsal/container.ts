import { z } from 'zod';

const environmentVariable = z.object({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z.object({ fieldRef: z.object({ fieldPath: z.string() }).optional() }).optional(),
});

const container = z.object({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()).default([]),
  env: z.array(environmentVariable).default([]),
  ports: z.array(z.object({ name: z.string().optional(), containerPort: z.number() })).default([]),
  volumeMounts: z.array(z.object({ name: z.string() })).default([]),
  readinessProbe: z
    .object({
      httpGet: z
        .object({ path: z.string().default('/'), port: z.union([z.string(), z.number()]) })
        .optional(),
    })
    .optional(),
});

export type Container = z.infer<typeof container>;

const metadata = z.object({
  name: z.string(),
  namespace: z.string(),
  uid: z.string(),
  generation: z.number(),
});

const podSpec = z.object({
  serviceAccountName: z.string().default('default'),
  initContainers: z.array(z.unknown()).default([]),
  containers: z.array(container),
});

/** A Deployment of apps/v1, as far as running it as a process needs. */
export const deployment = z.object({
  metadata,
  spec: z.object({ replicas: z.number().default(1), template: z.object({ spec: podSpec }) }),
});

export type Deployment = z.infer<typeof deployment>;

/** A Pod, in the shape of a Deployment of one; of none where it is being deleted. */
export const podAsDeployment = z
  .object({
    metadata: metadata.extend({
      generation: z.number().default(0),
      deletionTimestamp: z.string().optional(),
    }),
    spec: podSpec,
  })
  .transform(
    ({ metadata: { deletionTimestamp, ...known }, spec }): Deployment => ({
      metadata: known,
      spec: { replicas: deletionTimestamp === undefined ? 1 : 0, template: { spec } },
    }),
  );

/** What the host gives a container that runs as a process of its own. */
export interface Grants {
  /** Port by the name of the containerPort. */
  readonly ports: ReadonlyMap<string, number>;
  /** Folder by the name of the volume. */
  readonly volumes: ReadonlyMap<string, string>;
}

export interface ProcessPlan {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where the readiness probe asks; undefined where the manifest has none. */
  readonly health: string | undefined;
}

/** The repository of an image reference: `ghcr.io/a/b:v1@sha256:…` → `ghcr.io/a/b`. */
export function imageRepository(image: string): string {
  const [reference = ''] = image.split('@');
  const colon = reference.lastIndexOf(':');
  return colon > reference.lastIndexOf('/') ? reference.slice(0, colon) : reference;
}

/**
 * How a container of a manifest runs as a process on loopback. The manifest is an ordinary one: it declares
 * `BIND_ADDRESS`, `PORT_<NAME>` and `VOLUME_<NAME>` with the values that a pod needs and refers to them in its
 * arguments; here each gets the value that is free on this machine instead.
 * @throws Error in words, where the manifest asks for what a process cannot be given
 */
export function planProcess(manifest: Deployment, from: Container, grants: Grants): ProcessPlan {
  const env: Record<string, string> = {};
  for (const { name, value, valueFrom } of from.env) {
    env[name] =
      valueFrom === undefined
        ? expand(value ?? '', env)
        : fieldValue(manifest, valueFrom.fieldRef?.fieldPath, name);
  }
  env['BIND_ADDRESS'] = '127.0.0.1';
  for (const [name, port] of grants.ports) env[`PORT_${upper(name)}`] = String(port);
  for (const [name, folder] of grants.volumes) env[`VOLUME_${upper(name)}`] = folder;
  const probe = from.readinessProbe?.httpGet;
  return {
    args: from.args.map((argument) => expand(argument, env)),
    env,
    health:
      probe === undefined ? undefined : `http://127.0.0.1:${portOf(from, probe.port, grants)}${probe.path}`,
  };
}

/** Names of the container's ports, in the order of the manifest; one without a name goes by its number. */
export const portNames = ({ ports }: Container) =>
  ports.map((port) => port.name ?? String(port.containerPort));

const upper = (name: string) => name.toUpperCase().replaceAll('-', '_');

/**
 * Kubernetes' own rule for `$(NAME)` in args and env: an unknown name stays as it is written, `$$(NAME)` gives `$(NAME)`.
 */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\(([^()]*)\)/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : Object.hasOwn(env, name) ? (env[name] ?? '') : whole,
  );
}

function fieldValue({ metadata, spec }: Deployment, field: string | undefined, name: string): string {
  if (field === 'metadata.namespace') return metadata.namespace;
  if (field === 'metadata.name') return metadata.name;
  if (field === 'spec.serviceAccountName') return spec.template.spec.serviceAccountName;
  throw new Error(`the value of ${name} comes from a place that a process of the box cannot be given`);
}

function portOf(from: Container, port: string | number, grants: Grants): number {
  const named =
    typeof port === 'string'
      ? port
      : portNames(from)[from.ports.findIndex((declared) => declared.containerPort === port)];
  const granted = named === undefined ? undefined : grants.ports.get(named);
  if (granted === undefined) throw new Error(`the readiness probe asks a port that is not declared: ${port}`);
  return granted;
}
