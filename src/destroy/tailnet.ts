import { z } from 'zod';
import type { LeftoverSettings } from '../castle/leftovers.ts';
import { parseJson } from '../json.ts';
import type { Leftover } from './leftovers.ts';

type Tailnet = NonNullable<LeftoverSettings['tailnet']>;

interface Wire {
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal;
  readonly onSecret: (value: string) => void;
}

const withinMs = 10_000;

const devices = z.object({
  devices: z.array(
    z.object({
      hostname: z.string(),
      name: z.string().default(''),
      tags: z.array(z.string()).default([]),
      addresses: z.array(z.string()).default([]),
    }),
  ),
});

const granted = z.object({ access_token: z.string().min(1) });

/**
 * The castle's devices that are still in the tailnet (GET /api/v2/tailnet/NAME/devices). Throws an Error that says why
 * that is not known; what the server sent is in none of its words, for it may repeat the token.
 */
export async function devicesLeft(
  tailnet: Tailnet,
  secret: string,
  wire: Wire,
): Promise<readonly Leftover[]> {
  const { name, api, hostname, tag } = tailnet;
  const token = secret.startsWith('tskey-client-') ? await accessToken(tailnet, secret, wire) : secret;
  const text = await ask(wire, `${api}/api/v2/tailnet/${encodeURIComponent(name)}/devices`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const parsed = devices.safeParse(parseJson(text));
  if (!parsed.success) throw new Error('its API answers in a way that Phoenix does not know');
  const pattern = hostname === undefined ? undefined : globOf(hostname);
  const own = parsed.data.devices.filter(
    (each) =>
      (tag === undefined || each.tags.includes(tag)) &&
      (pattern === undefined || pattern.test(each.hostname)),
  );
  if (own.length === 0)
    return [
      {
        kind: 'tailnet',
        name,
        is: 'gone',
        saw: `no device of ${parsed.data.devices.length} is the castle's`,
      },
    ];
  return own.map(({ hostname: host, name: full, addresses }) => ({
    kind: 'tailnet',
    name: full || host,
    is: 'left',
    saw: `its device is still there${addresses.length === 0 ? '' : ` (${addresses.join(', ')})`}`,
  }));
}

/** An OAuth client's secret buys a token for an hour; the id beside it is not looked at, as Tailscale's own clients know. */
async function accessToken({ api }: Tailnet, secret: string, wire: Wire): Promise<string> {
  const text = await ask(wire, `${api}/api/v2/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: 'phoenix',
      client_secret: secret,
    }).toString(),
  });
  const parsed = granted.safeParse(parseJson(text));
  if (!parsed.success) throw new Error('its API gives no access token for the OAuth client');
  wire.onSecret(parsed.data.access_token);
  return parsed.data.access_token;
}

async function ask({ fetch, signal }: Wire, url: string, init: RequestInit): Promise<string> {
  const answer = await fetch(url, {
    ...init,
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(withinMs)]),
  }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Error(`its API does not answer: ${cause instanceof Error ? cause.message : String(cause)}`);
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`its API answered ${answer.status}`);
  return text;
}

function globOf(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`, 'i');
}
