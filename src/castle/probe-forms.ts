import { isIP } from 'node:net';
import { z } from 'zod';
import { duration, hostAndPort } from './units.ts';

/** The scalars that only probes have; the messages are the end of "expected …", as in units.ts. */
export interface Named {
  readonly namespace: string;
  readonly name: string;
}

const namedForm = 'NAMESPACE/NAME, such as `apps/blog`';

export const namespaced = z
  .string({ error: namedForm })
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\/[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/, namedForm)
  .transform((text): Named => {
    const [namespace = '', name = ''] = text.split('/');
    return { namespace, name };
  });

export const workloadKinds = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;
const workloadForm =
  'a workload as KIND/NAMESPACE/NAME, the kind in small letters, such as `deployment/apps/blog`';

export const workloadName = z
  .string({ error: workloadForm })
  .regex(
    /^(?:deployment|statefulset|daemonset)\/[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\/[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/,
    workloadForm,
  )
  .transform((text): Named & { readonly workload: (typeof workloadKinds)[number] } => {
    const [kind = '', namespace = '', name = ''] = text.split('/');
    const workload = workloadKinds.find((each) => each.toLowerCase() === kind) ?? 'Deployment';
    return { workload, namespace, name };
  });

const validityForm = 'a duration, or a number of days such as `7d`';

/** `7d`, or any duration → seconds. */
export const validity = z.union(
  [
    z
      .string()
      .regex(/^\d{1,3}d$/, validityForm)
      .transform((text) => Number.parseInt(text, 10) * 24 * 3600),
    duration,
  ],
  { error: validityForm },
);

const quantityForm = 'a size as Kubernetes writes it, such as `64Mi` or `1Gi`';
export const quantity = z.string({ error: quantityForm }).regex(/^[1-9]\d{0,5}[MG]i$/, quantityForm);

const addressForm = 'an IP address';
export const ipAddress = z.union([z.ipv4(), z.ipv6()], { error: addressForm });

const serverForm = 'the IP address of a DNS server, with `:PORT` where it is not 53';
/** As `dns.setServers` takes it. */
export const dnsServer = z.union(
  [
    z.ipv4(),
    z.ipv6().transform((address) => `[${address}]`),
    hostAndPort.transform(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)),
  ],
  { error: serverForm },
);

const poolForm = 'addresses as FIRST-LAST or as a CIDR, such as `192.0.2.240-192.0.2.249`';
export const addressPool = z.string({ error: poolForm }).refine((text) => {
  const [first = '', rest] = text.split(/[-/]/);
  if (isIP(first) === 0 || rest === undefined) return false;
  if (text.includes('-')) return isIP(rest) === isIP(first);
  return /^\d{1,3}$/.test(rest) && Number(rest) <= (isIP(first) === 4 ? 32 : 128);
}, poolForm);

const hostForm = 'a DNS name, such as `blog.example.org`';
export const hostName = z
  .string({ error: hostForm })
  .regex(/^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/, hostForm);
