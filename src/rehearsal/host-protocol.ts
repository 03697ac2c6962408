import { z } from 'zod';
import { nodeKinds } from './node-kind.ts';

/** The first line on the host's stdin. The rest of stdin is a lifeline: at its end the host ends everything. */
export const hostConfig = z.object({
  id: z.string(),
  /** RAM directory, 0700; the host removes it at its end. */
  dir: z.string(),
  stateDir: z.string(),
  tools: z.record(z.string(), z.object({ file: z.string(), assets: z.string() })),
  standIns: z.array(z.object({ name: z.string(), config: z.unknown() })),
  self: z.array(z.string()).min(1),
  node: z.enum(nodeKinds),
  /** Ways from the machine's loopback to a host and port in the node (`node: real`), by name. */
  doors: z.array(z.object({ name: z.string(), host: z.string(), port: z.number() })),
  /** Archives of what the pods of the node run. */
  images: z.array(z.object({ reference: z.string(), file: z.string() })),
  /** A real S3 server with one bucket, beside the stand-ins; see `startBucket`. */
  bucket: z
    .object({
      file: z.string(),
      folder: z.string(),
      bucket: z.string(),
      name: z.string(),
      accessKey: z.string(),
      secretKey: z.string(),
    })
    .optional(),
  /** What `--fault` says of the node and of the bucket. */
  faults: z.array(z.string()),
  /** The machine, counted from 1, that these faults and those of the cluster's clients are meant for, as all after it. */
  faultsFrom: z.int().min(1),
});
export type HostConfig = z.infer<typeof hostConfig>;

export const errorShape = z.object({
  code: z.string(),
  class: z.enum(['internal', 'input', 'toolchain', 'cluster']).catch('internal'),
  what: z.string(),
  why: z.string(),
  next: z.string(),
});
export type ErrorShape = z.infer<typeof errorShape>;

/** What a stand-in prints, as one line, once it listens. */
export const standInLine = z.object({
  /** Its origin, `http://127.0.0.1:PORT`. */
  url: z.string(),
  /** The address that whoever uses it is given, e.g. of the repository. */
  main: z.string(),
});
export type StandInLine = z.infer<typeof standInLine>;

/** One JSON line each on the host's stdout. */
export const hostEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ready'),
    socket: z.string(),
    standIns: z.array(standInLine.extend({ name: z.string() })),
    doors: z.array(z.object({ name: z.string(), port: z.number() })),
    /** The port of the S3 server on this machine's loopback, where there is one. */
    bucketPort: z.number().optional(),
  }),
  /** A program of the node died and was started again, for the so-manieth time. */
  z.object({ type: z.literal('restart'), name: z.string(), how: z.string(), times: z.number() }),
  /** Something that the host started ended, and nobody had asked it to. */
  z.object({ type: z.literal('death'), name: z.string(), how: z.string() }),
  z.object({ type: z.literal('log'), source: z.string(), text: z.string() }),
  /** The host could not come up; it has ended what it started and exits. */
  z.object({ type: z.literal('failed'), error: errorShape }),
]);
export type HostEvent = z.infer<typeof hostEvent>;

/** The body of `POST /machine`. */
export const machineRequest = z.object({
  id: z.string().regex(/^[0-9a-z-]{1,64}$/),
  port: z.number().int().min(0).max(65535).default(0),
});

/** The lines that `POST /machine` answers: any number of the first, then one of the others. */
export type MachineLine =
  | { readonly progress: string }
  | { readonly machine: { readonly id: string; readonly server: string } }
  | { readonly error: ErrorShape };

/** Where the host listens, in the box's RAM directory. */
export const socketName = 'host.sock';
/** The folder under the RAM directory in which each machine has its own, named by its id. */
export const machinesFolder = 'machines';
