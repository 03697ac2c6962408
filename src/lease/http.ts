import { createHash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { parseJson } from '../json.ts';
import { corrupt } from './record.ts';
import { type Form, type Store, type Stored, storeError } from './store.ts';

/** OpenTofu's http backend, aimed at a document of the lease's own. */
export interface HttpOptions {
  readonly address: string;
  readonly updateMethod: string;
  readonly lockAddress: string;
  readonly lockMethod: string;
  readonly unlockAddress: string;
  readonly unlockMethod: string;
  /** Authorization and whatever else the backend sends. */
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof globalThis.fetch;
  /** How long a lock may be seen before it counts as left by a dead run. Tests shorten it. */
  readonly staleMs?: number;
}

const answerWithinMs = 5000;
const lockWithinMs = 6000;
const lockPollMs = 200;
/** A write takes milliseconds; a lock that is seen for so long was left by a run that died in between. */
const staleAfterMs = 20_000;
/** After so long under the lock others may soon break it, so nothing is written any more. */
const writeWithinMs = 5000;

/** The record as an output of a state that has nothing else: servers look into what they are given. */
const document = z.object({
  serial: z.int(),
  lineage: z.string(),
  outputs: z.record(z.string(), z.object({ value: z.string() })),
});

/**
 * A record as one document more of the server that keeps the states. The compare-and-swap is a read and a write between
 * LOCK and UNLOCK, which that protocol has instead of conditions.
 */
export function httpStore<T>(options: HttpOptions, form: Form<T>): Store<T> {
  const { address, fetch, staleMs = staleAfterMs } = options;
  const place = new URL(address).origin + new URL(address).pathname;
  let seenLock: { body: string; since: number } | undefined;

  async function send(method: string, url: string, body?: string): Promise<{ status: number; text: string }> {
    try {
      const answer = await fetch(url, {
        method,
        headers: {
          ...options.headers,
          ...(body === undefined ? {} : bodyHeaders(body)),
        },
        body: body ?? null,
        signal: AbortSignal.timeout(answerWithinMs),
      });
      return { status: answer.status, text: await answer.text() };
    } catch (error) {
      throw storeError(place, error);
    }
  }

  async function get(): Promise<(Stored<T> & { readonly lineage: string }) | undefined> {
    const { status, text } = await send('GET', address);
    if (status === 404 || status === 204 || (status === 200 && text.trim() === '')) return undefined;
    if (status !== 200) throw answered(place, 'GET', status);
    const parsed = document.safeParse(parseJson(text));
    const held = parsed.data?.outputs[form.output];
    if (!parsed.success || held === undefined) throw corrupt(place, 'It is no state with a lease in it.');
    const { serial, lineage } = parsed.data;
    return { record: form.parse(held.value, place), version: String(serial), lineage };
  }

  /** Takes the document's lock; gives the id that its holder shows. */
  async function lock(): Promise<{ id: string; info: string }> {
    const until = performance.now() + lockWithinMs;
    const id = randomUUID();
    const info = JSON.stringify({
      ID: id,
      Operation: 'phoenix lease',
      Info: '',
      Who: `phoenix@${hostname()}`,
      Version: '',
      Created: new Date().toISOString(),
      Path: '',
    });
    for (;;) {
      const { status, text } = await send(options.lockMethod, options.lockAddress, info);
      if (status === 200) return { id, info };
      if (status !== 423 && status !== 409) throw answered(place, options.lockMethod, status);
      const now = performance.now();
      if (seenLock?.body !== text) seenLock = { body: text, since: now };
      else if (now - seenLock.since > staleMs) {
        seenLock = undefined;
        await send(options.unlockMethod, options.unlockAddress, text);
        continue;
      }
      if (now > until)
        throw storeError(place, undefined, { why: 'Its lock is held for longer than a write takes.' });
      await sleep(lockPollMs);
    }
  }

  async function underLock(
    record: T,
    ifVersion: string | undefined,
    id: string,
  ): Promise<string | undefined> {
    const locked = performance.now();
    const found = await get();
    if (found?.version !== ifVersion) return undefined;
    const serial = Number(ifVersion ?? 0) + 1;
    const value = form.text(record);
    const state = {
      version: 4,
      terraform_version: '1.0.0',
      serial,
      lineage: found?.lineage ?? randomUUID(),
      outputs: { [form.output]: { value, type: 'string' } },
      resources: [],
      check_results: null,
    };
    if (performance.now() - locked > writeWithinMs)
      throw storeError(place, undefined, { why: 'The server is too slow for the lock to be trusted.' });
    const url = new URL(address);
    url.searchParams.set('ID', id);
    const { status } = await send(options.updateMethod, url.href, JSON.stringify(state));
    if (status === 409 || status === 423) return undefined;
    if (status < 200 || status > 204) throw answered(place, options.updateMethod, status);
    return String(serial);
  }

  return {
    place,
    async read() {
      const found = await get();
      return found && { record: found.record, version: found.version };
    },
    async write(record, ifVersion) {
      const { id, info } = await lock();
      try {
        return await underLock(record, ifVersion, id);
      } finally {
        // A lock that stays counts as left by the dead after a while, so the write's own answer stands.
        await send(options.unlockMethod, options.unlockAddress, info).catch(() => {});
      }
    },
  };
}

/** As OpenTofu sends them; some servers hold the sum against the body. */
function bodyHeaders(body: string): Record<string, string> {
  return {
    'content-type': 'application/json',
    'content-md5': createHash('md5').update(body).digest('base64'),
  };
}

function answered(place: string, method: string, status: number): Error {
  return storeError(place, undefined, { why: `The server answered ${status} to ${method}.` });
}
