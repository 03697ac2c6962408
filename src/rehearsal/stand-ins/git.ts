import { spawn } from 'node:child_process';
import { basename, dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { planFaults } from './faults.ts';
import { gitEnvironment } from './git-repository.ts';
import { breakCall, type Call, type RequestRecord, type StandIn, serve } from './server.ts';

export const gitConfig = z.strictObject({
  /** The bare repository that is served, under its folder's name. */
  bare: z.string().startsWith('/'),
  /** The password that is demanded; any user name will do, as at GitHub. */
  token: z.string().min(1),
  git: z.string().default('git'),
  faults: z.array(z.string()).default([]),
});

export interface GitRemote extends StandIn {
  /** Address of the repository, e.g. `http://127.0.0.1:PORT/castle.git`. */
  readonly repository: string;
}

/**
 * A git remote: `git http-backend` behind node:http, serving one bare repository, read only, to whoever brings the
 * token. The request log tells which service was asked with a valid token.
 */
export async function startGit(
  config: z.input<typeof gitConfig>,
  options: { readonly onRequest?: (record: RequestRecord) => void } = {},
): Promise<GitRemote> {
  const { bare, token, git, faults: texts } = gitConfig.parse(config);
  const faults = planFaults('git', texts);
  const prefix = `/${basename(bare)}`;
  const refuse = ({ response }: Call, status: number, text: string) => {
    response.writeHead(status, {
      'content-type': 'text/plain',
      ...(status === 401 ? { 'www-authenticate': 'Basic realm="git"' } : {}),
    });
    response.end(`${text}\n`);
  };
  const standIn = await serve({
    onRequest: options.onRequest,
    async handle(call) {
      if (await breakCall(call, (kind) => kind !== 'html' && faults.strikes(kind))) return;
      if (faults.strikes('500')) return refuse(call, 500, 'Internal Server Error');
      if (passwordOf(call) !== token || faults.strikes('401')) {
        call.note(call.request.headers.authorization ? 'wrong token' : 'no token');
        return refuse(call, 401, 'Authentication failed');
      }
      if (faults.strikes('403')) return refuse(call, 403, 'Permission to repository denied');
      const { pathname } = call.url;
      if (!pathname.startsWith(`${prefix}/`) || faults.strikes('404')) {
        return refuse(call, 404, 'Repository not found');
      }
      call.note(`${serviceOf(call)} with the token`);
      await backend(call, bare, git);
    },
  });
  return { ...standIn, repository: `${standIn.url}${prefix}` };
}

function passwordOf({ request }: Call): string | undefined {
  const encoded = /^Basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : undefined;
}

function serviceOf({ url }: Call): string {
  const name = url.searchParams.get('service') ?? basename(url.pathname);
  return name.replace(/^git-/, '');
}

/** The call as CGI (RFC 3875) to git-http-backend; without REMOTE_USER it serves reads only. */
async function backend({ request, response, url, signal }: Call, bare: string, git: string): Promise<void> {
  const header = (name: string) => String(request.headers[name] ?? '');
  const child = spawn(git, ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    signal,
    killSignal: 'SIGKILL',
    env: {
      ...gitEnvironment(),
      GIT_PROJECT_ROOT: dirname(bare),
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: header('git-protocol'),
      REQUEST_METHOD: request.method ?? '',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: header('content-type'),
      CONTENT_LENGTH: header('content-length'),
      HTTP_CONTENT_ENCODING: header('content-encoding'),
      REMOTE_ADDR: '127.0.0.1',
    },
  });
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  // A backend that answers before it has read all of the request closes its end: no failure of ours.
  const sent = pipeline(request, child.stdin).catch(() => undefined);
  await Promise.race([Promise.all([relay(child.stdout, response), sent]), failed]);
}

/** CGI's header block becomes the status and headers, and what follows is passed on as it comes. */
async function relay(from: AsyncIterable<Buffer>, to: Call['response']): Promise<void> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of from) {
    if (head === undefined) {
      to.write(chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) continue;
    const headers = new Map(
      head
        .subarray(0, end)
        .toString('latin1')
        .split('\r\n')
        .map((line): [string, string] => {
          const colon = line.indexOf(':');
          return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
        }),
    );
    const status = Number.parseInt(headers.get('status') ?? '200', 10);
    headers.delete('status');
    to.writeHead(status, Object.fromEntries(headers));
    to.write(head.subarray(end + 4));
    head = undefined;
  }
  if (head !== undefined) to.writeHead(500);
  to.end();
}
