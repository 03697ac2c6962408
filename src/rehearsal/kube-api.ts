import { Agent, type RequestOptions, request } from 'node:https';
import { createInterface } from 'node:readline';

/** How to reach an API server: PEM texts and `https://127.0.0.1:PORT`. */
export interface ApiAccess {
  readonly server: string;
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

interface Answer {
  readonly status: number;
  /** Parsed JSON; the plain text where it is none; undefined where there is no body. */
  readonly body: unknown;
}

/**
 * The verbs that the box's host needs of the API server, over plain `node:https`. The full client library costs
 * a process 90 MB and most of a second to load, and the host lives beside the run for all of its time.
 */
export interface KubeApi {
  request(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<Answer>;
  /** One event a line until the server ends the watch or `signal` aborts. */
  watch(path: string, signal: AbortSignal): AsyncGenerator<unknown>;
  close(): void;
}

const requestTimeoutMs = 10_000;
/** The server ends a watch after this long; it is then opened anew, as every Kubernetes client does. */
const watchSeconds = 300;

export function createKubeApi(access: ApiAccess): KubeApi {
  const agent = new Agent({
    ca: access.ca,
    cert: access.certificate,
    key: access.key,
    keepAlive: true,
  });
  const options = (method: string, contentType: string): RequestOptions => ({
    agent,
    method,
    headers: { accept: 'application/json', 'content-type': contentType },
  });
  return {
    request(method, path, body) {
      const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
      return new Promise((resolve, reject) => {
        const sent = request(`${access.server}${path}`, options(method, contentType), (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(chunks).toString()) }),
          );
        });
        sent.setTimeout(requestTimeoutMs, () =>
          sent.destroy(new Error(`no answer within ${requestTimeoutMs / 1000} s`)),
        );
        sent.on('error', reject);
        if (body === undefined) return void sent.end();
        const text = JSON.stringify(body);
        // Node itself tells no length of a DELETE's body, and the server then reads none.
        sent.setHeader('content-length', Buffer.byteLength(text));
        sent.end(text);
      });
    },
    async *watch(path, signal) {
      const address = `${access.server}${path}&watch=1&timeoutSeconds=${watchSeconds}`;
      const stream = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
        const sent = request(address, { ...options('GET', 'application/json'), signal }, resolve);
        sent.on('error', reject);
        sent.end();
      });
      if (stream.statusCode !== 200) {
        stream.resume();
        throw new Error(`the watch was answered ${stream.statusCode}`);
      }
      for await (const line of createInterface({ input: stream })) yield parse(line);
    },
    close() {
      agent.destroy();
    },
  };
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
