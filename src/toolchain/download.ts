import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { diskFull, isDiskFull } from './disk.ts';
import { explainNetwork } from './network.ts';

export interface Fetching {
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
}

/** Why a URL gave nothing. `absent`: 404 or 410. `broken`: begun and not ended. `refused`: everything else. */
export class DownloadError extends Error {
  readonly kind: 'absent' | 'broken' | 'refused';
  constructor(kind: DownloadError['kind'], why: string) {
    super(why);
    this.name = 'DownloadError';
    this.kind = kind;
  }
}

/** No byte for this long: the transfer is given up. */
const stallMs = 30_000;
/** Waits before the second and third try; only a `broken` transfer and a 5xx or 429 are tried again. */
const pausesMs = [300, 1000] as const;

/** Downloads to a new file; gives its sha256. On any failure the half file is gone. Throws DownloadError. */
export async function downloadFile(url: string, file: string, by: Fetching): Promise<string> {
  return tried(by, async () => {
    try {
      const hash = createHash('sha256');
      await using handle = await open(file, 'w');
      for await (const chunk of body(url, by)) {
        hash.update(chunk);
        await handle.writeFile(chunk);
      }
      return hash.digest('hex');
    } catch (error) {
      await rm(file, { force: true });
      if (isDiskFull(error))
        throw await diskFull(dirname(file), `${basename(new URL(url).pathname)} could not be written`);
      throw error;
    }
  });
}

/** A small text, e.g. a checksum file or a list of versions. Throws DownloadError. */
export async function downloadText(url: string, by: Fetching): Promise<string> {
  return tried(by, async () => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body(url, by)) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  });
}

async function tried<T>(by: Fetching, once: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await once();
    } catch (error) {
      by.signal.throwIfAborted();
      const pause = pausesMs[attempt];
      if (!(error instanceof DownloadError) || error.kind !== 'broken' || pause === undefined) throw error;
      await sleep(pause, undefined, { signal: by.signal }).catch(() => by.signal.throwIfAborted());
    }
  }
}

/** The bytes of a URL, in order and complete. */
async function* body(url: string, by: Fetching): AsyncGenerator<Uint8Array> {
  const stall = new AbortController();
  let timer = setTimeout(() => stall.abort(), stallMs);
  let begun = false;
  try {
    const response = await by.fetch(withoutCredentials(url), {
      signal: AbortSignal.any([by.signal, stall.signal]),
      headers: credentialsOf(url),
    });
    if (response.status === 404 || response.status === 410)
      throw new DownloadError('absent', `${response.status}`);
    if (response.status >= 500 || response.status === 429)
      throw new DownloadError('broken', `the server answered ${response.status}`);
    if (!response.ok || response.body === null)
      throw new DownloadError('refused', `the server answered ${response.status}`);
    begun = true;
    let received = 0;
    for await (const chunk of response.body) {
      clearTimeout(timer);
      timer = setTimeout(() => stall.abort(), stallMs);
      received += chunk.length;
      yield chunk;
    }
    const announced = response.headers.get('content-length');
    const plain = response.headers.get('content-encoding') === null;
    if (plain && announced !== null && Number(announced) !== received)
      throw new DownloadError('broken', `only ${received} of ${announced} bytes arrived`);
  } catch (error) {
    by.signal.throwIfAborted();
    if (error instanceof DownloadError) throw error;
    if (stall.signal.aborted) throw new DownloadError('broken', `no byte arrived for ${stallMs / 1000} s`);
    const why = await explainNetwork(error, url);
    throw new DownloadError(begun ? 'broken' : 'refused', begun ? `the transfer broke off: ${why}` : why);
  } finally {
    clearTimeout(timer);
    stall.abort();
  }
}

/** fetch refuses a URL that holds a user and password; they travel as a header. */
function credentialsOf(url: string): Record<string, string> {
  const { username, password } = new URL(url);
  if (username === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** The URL as it may be shown. */
export function withoutCredentials(url: string): string {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare.href;
}
