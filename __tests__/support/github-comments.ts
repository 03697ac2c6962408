import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { serveLocally } from './local-server.ts';

export interface StoredComment {
  readonly id: number;
  body: string;
  readonly user: { readonly login: string; readonly type: 'Bot' | 'User' };
}

/** How a request is answered instead of what it asks for. */
export interface Fault {
  readonly status: number;
  readonly message: string;
  /** Waits for a request of this method; the next of any, where left out. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The request is done all the same: only its answer is lost. */
  readonly done?: boolean;
}

/**
 * Stands for the comments of GitHub's API: those of one pull request, in memory, by pages with a `link` header, with
 * tokens that may write or only read, and the status codes and words of the real one.
 */
export interface GitHubComments extends AsyncDisposable {
  readonly url: string;
  readonly comments: StoredComment[];
  /** Every request, as `POST /repos/…`. */
  readonly asked: readonly string[];
  /** A comment as somebody else wrote it. */
  plant(body: string, user: StoredComment['user']): StoredComment;
  /** Answers the next requests so, one after another. */
  fail(...faults: readonly Fault[]): void;
}

export const bot = { login: 'github-actions[bot]', type: 'Bot' } as const;
const notAccessible = 'Resource not accessible by integration';
/** As GitHub checks a body. */
const mostCharacters = 65_536;

export async function gitHubComments(options: {
  readonly repository: string;
  readonly pull: number;
  /** May write; `readers` may only read. */
  readonly writer: string;
  readonly reader?: string;
}): Promise<GitHubComments> {
  const { repository, pull, writer, reader } = options;
  const comments: StoredComment[] = [];
  const asked: string[] = [];
  const faults: Fault[] = [];
  let lastId = 1000;
  const plant = (body: string, user: StoredComment['user']) => {
    lastId += 1;
    const comment = { id: lastId, body, user };
    comments.push(comment);
    return comment;
  };
  let base = '';

  async function answer(
    request: IncomingMessage,
  ): Promise<{ status: number; body?: unknown; headers?: Readonly<Record<string, string>> }> {
    const url = new URL(request.url ?? '/', base);
    const { method = '' } = request;
    asked.push(`${method} ${url.pathname}`);
    const body =
      method === 'POST' || method === 'PATCH' ? ((await json(request)) as { body: string }) : undefined;
    const due = faults[0]?.method === undefined || faults[0].method === method;
    const fault = due ? faults.shift() : undefined;
    const failed = fault && {
      status: fault.status,
      body: { message: fault.message },
      ...(fault.headers === undefined ? {} : { headers: fault.headers }),
    };
    if (failed !== undefined && fault?.done !== true) return failed;
    const token = /^(?:token|bearer) (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token !== writer && token !== reader) return { status: 401, body: { message: 'Bad credentials' } };
    if (method !== 'GET' && token !== writer) return { status: 403, body: { message: notAccessible } };
    if (body !== undefined && (body.body.length === 0 || body.body.length > mostCharacters))
      return { status: 422, body: { message: 'Validation Failed' } };
    const done = act(method, url, body?.body ?? '');
    return failed ?? done;
  }

  function act(method: string, url: URL, body: string) {
    const all = `/repos/${repository}/issues/${pull}/comments`;
    if (url.pathname === all && method === 'POST') return { status: 201, body: plant(body, bot) };
    if (url.pathname === all && method === 'GET') {
      const size = Number(url.searchParams.get('per_page') ?? 30);
      const page = Number(url.searchParams.get('page') ?? 1);
      const shown = comments.slice((page - 1) * size, page * size);
      const next = `${base}${all}?per_page=${size}&page=${page + 1}`;
      const headers = comments.length > page * size ? { link: `<${next}>; rel="next"` } : {};
      return { status: 200, body: shown, headers };
    }
    const id = Number(new RegExp(`^/repos/${repository}/issues/comments/(\\d+)$`).exec(url.pathname)?.[1]);
    const index = comments.findIndex((comment) => comment.id === id);
    const comment = comments[index];
    if (comment === undefined) return { status: 404, body: { message: 'Not Found' } };
    if (method === 'PATCH') comment.body = body;
    if (method === 'DELETE') comments.splice(index, 1);
    return method === 'DELETE' ? { status: 204 } : { status: 200, body: comment };
  }

  const server = await serveLocally((request: IncomingMessage, response: ServerResponse) => {
    void answer(request).then(({ status, body, headers }) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    });
  });
  base = server.url;
  return {
    url: base,
    comments,
    asked,
    plant,
    fail: (...next) => faults.push(...next),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
