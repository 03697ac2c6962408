import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import type { LeftoverSettings } from '../castle/leftovers.ts';
import { messageOf } from '../errors.ts';
import { fetchBy } from '../identity/way.ts';
import type { Prepared } from '../rebirth/protocol.ts';
import type { Report } from '../report/schema.ts';
import { secretOf } from '../witness/take.ts';
import { devicesLeft } from './tailnet.ts';

/** One thing outside the castle: still there, gone, or not known. */
export type Leftover = NonNullable<Report['leftovers']>[number];

const withinMs = 5_000;

/**
 * Looks for what the castle file says may be left outside a destroyed castle, and tells it; removes nothing and fails
 * nothing. What could not be asked is `unknown`, never `gone`.
 */
export async function lookForLeftovers(prepared: Prepared): Promise<void> {
  const { run, progress, edge } = prepared;
  const wanted = run.castle.destroy?.leftovers;
  if (wanted === undefined) return;
  const { dns, resolver, answers, tailnet } = wanted;
  const looks: Promise<readonly Leftover[]>[] = [
    ...dns.map(async (name) => [await nameLeft(name, resolver)]),
    ...answers.map(async (address) => [await addressLeft(address)]),
  ];
  if (tailnet !== undefined) {
    const fetch = fetchBy({ env: run.env, fetch: edge.fetch });
    looks.push(
      secretOf(prepared, tailnet.token)
        .then((token) =>
          devicesLeft(tailnet, token, {
            fetch,
            signal: run.signal,
            onSecret: (value) => run.redactor.add(`access token of ${tailnet.token}`, value),
          }),
        )
        .catch((error: unknown) => [
          { kind: 'tailnet' as const, name: tailnet.name, is: 'unknown' as const, saw: messageOf(error) },
        ]),
    );
  }
  const found = (await Promise.all(looks)).flat();
  progress.leftovers = found;
  for (const { kind, name, is, saw } of found) {
    if (is === 'gone') continue;
    const caution =
      is === 'left'
        ? `Left outside ${run.castle.name}: ${kind} ${name}: ${saw}. Phoenix removes nothing there.`
        : `Whether ${kind} ${name} is left outside ${run.castle.name} is not known: ${saw}.`;
    run.log.warn(caution);
    progress.cautions.push(caution);
  }
}

/** What the castle file says will be looked for, for those who read before they confirm; undefined for nothing. */
export function leftoversWords(settings: LeftoverSettings | undefined): string | undefined {
  if (settings === undefined) return undefined;
  const { dns, answers, tailnet } = settings;
  const each = [
    ...dns,
    ...answers.map(({ host, port }) => `${host}:${port}`),
    ...(tailnet === undefined
      ? []
      : [`devices ${tailnet.hostname ?? tailnet.tag} of the tailnet ${tailnet.name}`]),
  ];
  return each.length === 0 ? undefined : `What it looks for afterwards, and leaves: ${each.join(', ')}.`;
}

/** The name is not there, or has no address: what DNS itself says. */
const absent = new Set(['ENOTFOUND', 'ENODATA']);

async function nameLeft(name: string, server: string | undefined): Promise<Leftover> {
  const resolver = new Resolver({ timeout: withinMs / 2, tries: 2 });
  if (server !== undefined) resolver.setServers([server.includes(':') ? `[${server}]` : server]);
  const asked = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  const addresses = asked.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
  const kept = { kind: 'dns' as const, name };
  if (addresses.length > 0)
    return { ...kept, is: 'left', saw: `it still resolves to ${addresses.join(', ')}` };
  const failed = asked.flatMap((each) =>
    each.status === 'rejected' && !absent.has(codeOf(each.reason)) ? [codeOf(each.reason)] : [],
  );
  if (failed.length > 0)
    return { ...kept, is: 'unknown', saw: `the DNS server gives no answer (${failed[0]})` };
  return { ...kept, is: 'gone', saw: 'it does not resolve' };
}

/** A refusal, silence, or nobody at that address: no service of the castle is there. */
const nobody = new Set(['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'EHOSTDOWN', 'ETIMEDOUT']);

function addressLeft({ host, port }: LeftoverSettings['answers'][number]): Promise<Leftover> {
  const { promise, resolve } = Promise.withResolvers<Leftover>();
  const kept = { kind: 'address' as const, name: `${host}:${port}` };
  const socket = connect({ host, port });
  const end = (is: Leftover['is'], saw: string) => {
    socket.destroy();
    resolve({ ...kept, is, saw });
  };
  socket.setTimeout(withinMs, () => end('gone', `no answer within ${withinMs / 1000} s`));
  socket.once('connect', () => end('left', 'it still takes a connection'));
  socket.once('error', (error) => {
    const code = codeOf(error);
    end(nobody.has(code) ? 'gone' : 'unknown', code || messageOf(error));
  });
  return promise;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
