import { z } from 'zod';
import { hostAndPort, secretName, words } from './units.ts';

/** What may be left outside the castle once it is destroyed; looked for, and never removed. */
export interface LeftoverSettings {
  /** Names that should not resolve any more. */
  readonly dns: readonly string[];
  /** The DNS server to ask; the machine's own where left out. */
  readonly resolver?: string;
  /** Addresses that should not take a connection any more. */
  readonly answers: readonly { readonly host: string; readonly port: number }[];
  /** Devices that should be gone from a tailnet: those with this tag, and of these host names. */
  readonly tailnet?: {
    readonly name: string;
    /** The secret: an OAuth client's secret or an API access token. */
    readonly token: string;
    readonly hostname?: string;
    readonly tag?: string;
    readonly api: string;
  };
}

const dnsForm = 'a DNS name, such as `blog.example.org`';
const tagForm = 'a tag of the tailnet, such as `tag:tazlab-k8s`';
const globForm = 'a host name of the tailnet, with `*` for any letters, such as `tazlab-*`';
const apiForm = 'an https:// address (http:// only for loopback)';

export const leftovers = z
  .strictObject({
    dns: z
      .array(
        z
          .string({ error: dnsForm })
          .regex(/^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/, dnsForm),
      )
      .default([])
      .describe('Names that should not resolve any more'),
    resolver: z
      .union([z.ipv4(), z.ipv6()], { error: 'the IP address of a DNS server' })
      .optional()
      .describe("The DNS server to ask; by default the machine's own"),
    answers: z
      .array(hostAndPort)
      .default([])
      .describe('Addresses that should not take a connection any more'),
    tailnet: z
      .strictObject({
        name: words.default('-').describe("The tailnet; `-` for the token's own"),
        token: secretName.describe("The secret: an OAuth client's secret, or an API access token"),
        hostname: z
          .string({ error: globForm })
          .regex(/^[A-Za-z0-9*][A-Za-z0-9*.-]{0,252}$/, globForm)
          .optional()
          .describe('Their host names'),
        tag: z
          .string({ error: tagForm })
          .regex(/^tag:[A-Za-z0-9-]+$/, tagForm)
          .optional()
          .describe('Their tag'),
        api: z
          .string({ error: apiForm })
          .regex(/^(?:https:\/\/[^\s@]+|http:\/\/(?:127\.0\.0\.1|localhost)(?::\d+)?)$/, apiForm)
          .default('https://api.tailscale.com')
          .describe('Its API'),
      })
      .refine(({ hostname, tag }) => hostname !== undefined || tag !== undefined, {
        error: '`hostname`, `tag` or both: all devices of a tailnet are not the castle',
      })
      .optional()
      .describe('Devices that should be gone from a tailnet'),
  })
  .describe('What may be left outside the castle: looked for after a destroy, and never removed')
  .transform(({ dns, resolver, answers, tailnet }): LeftoverSettings => {
    const { hostname, tag, ...plain } = tailnet ?? { hostname: undefined, tag: undefined };
    const net = 'name' in plain ? plain : undefined;
    return {
      dns,
      answers,
      ...(resolver === undefined ? {} : { resolver }),
      ...(net === undefined
        ? {}
        : {
            tailnet: {
              ...net,
              ...(hostname === undefined ? {} : { hostname }),
              ...(tag === undefined ? {} : { tag }),
            },
          }),
    };
  });
