import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer, json } from 'node:stream/consumers';
import { serveLocally } from './local-server.ts';

/**
 * Stands for GitHub's server for artifacts (version 4: Twirp in JSON, uploads in blocks as to Azure's blobs), in memory,
 * for one workflow run. act's own refuses what @actions/artifact 6.2 and its blob library send.
 */
export interface ArtifactServer extends AsyncDisposable {
  /** What a job has in its environment to find it. */
  readonly env: Readonly<Record<string, string>>;
  names(): string[];
  /** What was uploaded under that name: a zip archive, or the file itself. */
  contentOf(name: string): Buffer | undefined;
  /** Lists the artifact of that name, and has it no more. */
  lose(name: string): void;
  /** Forgets all of it: the next workflow run begins. */
  clear(): void;
}

interface Artifact {
  readonly id: number;
  readonly name: string;
  readonly blocks: Map<string, Buffer>;
  content: Buffer;
  final: boolean;
}

const run = 'run-backend';
const job = 'job-backend';
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

export async function artifactServer(): Promise<ArtifactServer> {
  const artifacts = new Map<number, Artifact>();
  const byName = (name: unknown) => [...artifacts.values()].find((artifact) => artifact.name === name);
  const lost = new Set<unknown>();
  let url = '';
  let last = 0;

  const call = (method: string, body: Record<string, unknown>): [status: number, answer: object] => {
    if (method === 'CreateArtifact') {
      if (byName(body['name'])?.final)
        return [409, { code: 'already_exists', msg: 'an artifact of that name' }];
      last += 1;
      const name = String(body['name']);
      artifacts.set(last, { id: last, name, blocks: new Map(), content: Buffer.alloc(0), final: false });
      return [200, { ok: true, signed_upload_url: `${url}/blob/${last}?sig=${randomUUID()}` }];
    }
    if (method === 'FinalizeArtifact') {
      const artifact = byName(body['name']);
      if (artifact === undefined) return [404, { code: 'not_found', msg: 'no such artifact' }];
      artifact.final = true;
      return [200, { ok: true, artifact_id: String(artifact.id) }];
    }
    if (method === 'ListArtifacts') {
      const id = (body['id_filter'] as string | undefined) ?? '';
      const found = [...artifacts.values()]
        .filter(({ final }) => final)
        .filter((each) => id === '' || String(each.id) === id);
      return [
        200,
        {
          artifacts: found.map(({ id: number, name, content }) => ({
            workflow_run_backend_id: run,
            workflow_job_run_backend_id: job,
            database_id: String(number),
            name,
            size: String(content.length),
          })),
        },
      ];
    }
    if (method === 'GetSignedArtifactURL') {
      const artifact = byName(body['name']);
      return artifact === undefined || lost.has(body['name'])
        ? [404, { code: 'not_found', msg: 'no such artifact' }]
        : [200, { signed_url: `${url}/blob/${artifact.id}?sig=${randomUUID()}` }];
    }
    return [404, { code: 'bad_route', msg: method }];
  };

  const blob = async (request: IncomingMessage, response: ServerResponse, asked: URL) => {
    const artifact = artifacts.get(Number(asked.pathname.split('/').at(-1)));
    if (artifact === undefined) return response.writeHead(404).end();
    if (request.method === 'GET')
      return response.writeHead(200, { 'content-type': 'application/zip' }).end(artifact.content);
    const body = await buffer(request);
    const comp = asked.searchParams.get('comp');
    if (comp === 'block') artifact.blocks.set(asked.searchParams.get('blockid') ?? '', body);
    else if (comp === 'blocklist') {
      const order = [...body.toString().matchAll(/<(?:Latest|Uncommitted)>([^<]+)</g)].map(
        ([, id = '']) => id,
      );
      artifact.content = Buffer.concat(order.map((id) => artifact.blocks.get(id) ?? Buffer.alloc(0)));
    } else artifact.content = body;
    return response.writeHead(201, { 'x-ms-request-id': randomUUID(), etag: '"1"' }).end();
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const asked = new URL(request.url ?? '/', url);
    if (asked.pathname.startsWith('/blob/')) return blob(request, response, asked);
    const method = asked.pathname.split('/').at(-1) ?? '';
    const [status, body] = call(method, (await json(request)) as Record<string, unknown>);
    return response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const server = await serveLocally((request, response) => void answer(request, response));
  url = server.url;
  return {
    env: {
      ACTIONS_RESULTS_URL: `${url}/`,
      // Only its claims are read, by the library.
      ACTIONS_RUNTIME_TOKEN: `${part({ alg: 'none' })}.${part({ scp: `Actions.Results:${run}:${job}` })}.`,
    },
    lose: (name) => lost.add(name),
    names: () => [...artifacts.values()].filter(({ final }) => final).map(({ name }) => name),
    contentOf: (name) => byName(name)?.content,
    clear: () => artifacts.clear(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
