import { createHash } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import { type Form, type Store, storeError } from './store.ts';

export interface S3Options {
  /** The object's own address, without a query. */
  readonly url: string;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** Sent with each write, e.g. how the object is to be encrypted. */
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof globalThis.fetch;
}

const answerWithinMs = 10_000;
/** 412: the condition does not hold. 409: another write of the same object was under way. */
const refusals = new Set([409, 412]);

/**
 * A record as one object. The compare-and-swap is S3's own: If-None-Match for the first record, If-Match with the ETag
 * for each that follows. Before a record counts, the server must show that it honours both, for old ones overlook them.
 */
export function s3Store<T>({ url, region, credentials, headers, fetch }: S3Options, form: Form<T>): Store<T> {
  let proved = false;

  async function send(method: 'GET' | 'PUT', more: Record<string, string>, body?: string): Promise<Response> {
    const signed = await new AwsV4Signer({
      ...credentials,
      url,
      method,
      region,
      service: 's3',
      headers: {
        ...more,
        'x-amz-content-sha256': createHash('sha256')
          .update(body ?? '')
          .digest('hex'),
      },
      body: body ?? null,
      // Without it only a few headers are signed, and a condition that is not signed could be taken off on the way.
      allHeaders: true,
    }).sign();
    return fetch(signed.url, {
      method,
      headers: signed.headers,
      body: body ?? null,
      redirect: 'error',
      signal: AbortSignal.timeout(answerWithinMs),
    }).catch((error: unknown) => {
      throw storeError(url, error);
    });
  }

  async function put(text: string, condition: Record<string, string>): Promise<string | undefined> {
    const answer = await send('PUT', { 'content-type': 'application/json', ...headers, ...condition }, text);
    if (refusals.has(answer.status)) {
      await answer.text();
      return undefined;
    }
    if (!answer.ok) throw await refused(url, answer);
    await answer.text();
    return etagOf(url, answer);
  }

  async function prove(text: string): Promise<void> {
    const conditions = [{ 'if-none-match': '*' }, { 'if-match': '"00000000000000000000000000000000"' }];
    for (const condition of conditions) {
      // What is written where the server overlooks the condition is what lies there already.
      if ((await put(text, condition)) === undefined) continue;
      throw storeError(url, undefined, {
        why: `The server overlooks ${Object.keys(condition).join()}, so two runs could both believe that they hold it.`,
        next: 'Use a server with conditional writes, or set `lease: { place: machine }` in the castle file.',
      });
    }
    proved = true;
  }

  return {
    place: url,
    async read() {
      const answer = await send('GET', {});
      const text = await answer.text();
      if (answer.status === 404) return undefined;
      if (!answer.ok) throw refusal(url, answer.status, text);
      return { record: form.parse(text, url), version: etagOf(url, answer) };
    },
    async write(record, ifVersion) {
      const text = form.text(record);
      const version = await put(
        text,
        ifVersion === undefined ? { 'if-none-match': '*' } : { 'if-match': ifVersion },
      );
      if (version !== undefined && !proved) await prove(text);
      return version;
    },
  };
}

function etagOf(url: string, answer: Response): string {
  const etag = answer.headers.get('etag');
  if (etag === null) throw storeError(url, undefined, { why: 'The server gives no ETag.' });
  return etag;
}

async function refused(url: string, answer: Response): Promise<Error> {
  return refusal(url, answer.status, await answer.text());
}

function refusal(url: string, status: number, body: string): Error {
  // S3 says why in <Code>; the rest of its answer may hold what was sent.
  const code = /<Code>(\w{1,60})<\/Code>/.exec(body)?.[1];
  return storeError(url, undefined, { why: `The server answered ${status}${code ? ` ${code}` : ''}.` });
}
