import { z } from 'zod';

/** The first line on the door's stdin: between unix sockets of the machine and places in the node's network. */
export const doorConfig = z.object({
  /** Connections to `socket` go on to `host`:`port` in the node; a name is asked of the cluster's DNS. */
  inward: z.array(z.object({ socket: z.string(), host: z.string(), port: z.number() })),
  /** Connections to the node's address at `port` go on to `socket`. */
  outward: z.array(z.object({ port: z.number(), socket: z.string() })),
});
export type DoorConfig = z.infer<typeof doorConfig>;

/** What the door prints, as one line, once all of it listens. */
export const doorReady = 'open';
