import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { serveLocally } from './local-server.ts';

export interface StoredIssue {
  readonly number: number;
  title: string;
  body: string;
  state: 'open' | 'closed';
  state_reason: string | null;
  labels: string[];
  readonly comments: { readonly body: string }[];
}

/** Stands for the issues of GitHub's API: those of one repository, in memory, with the status codes of the real one. */
export interface GitHubIssues extends AsyncDisposable {
  readonly url: string;
  readonly issues: StoredIssue[];
  readonly asked: readonly string[];
  plant(body: string, labels?: readonly string[]): StoredIssue;
  /** Answers the next requests so; with `done` they are done all the same. */
  fail(
    ...faults: readonly {
      readonly status: number;
      readonly message: string;
      readonly done?: boolean;
      readonly method?: string;
    }[]
  ): void;
  /** Called once, before the next issue is opened: another job may open one there. */
  beforeOpen(open: () => void): void;
}

const mostCharacters = 65_536;

export async function gitHubIssues(repository: string, token: string): Promise<GitHubIssues> {
  const issues: StoredIssue[] = [];
  const asked: string[] = [];
  const faults: { status: number; message: string; done?: boolean; method?: string }[] = [];
  let before: (() => void) | undefined;
  const plant = (body: string, labels: readonly string[] = ['phoenix-drill']) => {
    const issue: StoredIssue = {
      ...{ number: issues.length + 1, title: '', body, state: 'open', state_reason: null },
      ...{ labels: [...labels], comments: [] },
    };
    issues.push(issue);
    return issue;
  };
  const act = (method: string, url: URL, body: Partial<StoredIssue>): { status: number; body: unknown } => {
    if ((body.body?.length ?? 0) > mostCharacters)
      return { status: 422, body: { message: 'Validation Failed' } };
    const path = url.pathname.replace(`/repos/${repository}/issues`, '');
    if (path === '' && method === 'GET') {
      const label = url.searchParams.get('labels');
      const state = url.searchParams.get('state');
      const found = issues.filter(
        (each) => each.state === state && (label === null || each.labels.includes(label)),
      );
      return { status: 200, body: found.toReversed() };
    }
    if (path === '' && method === 'POST') {
      before?.();
      before = undefined;
      return { status: 201, body: Object.assign(plant(body.body ?? '', body.labels), { title: body.title }) };
    }
    const [, number, comments] = /^\/(\d+)(\/comments)?$/.exec(path) ?? [];
    const issue = issues.find((each) => each.number === Number(number));
    if (issue === undefined) return { status: 404, body: { message: 'Not Found' } };
    if (comments !== undefined && method === 'POST') issue.comments.push({ body: body.body ?? '' });
    if (comments !== undefined) return { status: method === 'POST' ? 201 : 200, body: issue.comments };
    return { status: 200, body: Object.assign(issue, body) };
  };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://github.invalid');
    const { method = '' } = request;
    asked.push(`${method} ${url.pathname}`);
    const body = method === 'GET' ? {} : ((await json(request)) as Partial<StoredIssue>);
    const due = faults[0]?.method === undefined || faults[0].method === method;
    const fault = due ? faults.shift() : undefined;
    const refused = fault && { status: fault.status, body: { message: fault.message } };
    const allowed = request.headers.authorization === `token ${token}`;
    const done =
      refused !== undefined && fault?.done !== true
        ? refused
        : allowed
          ? act(method, url, body)
          : { status: 401, body: { message: 'Bad credentials' } };
    const { status, body: said } = refused ?? done;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(said));
  };
  const server = await serveLocally((request, response) => void answer(request, response));
  return {
    url: server.url,
    issues,
    asked,
    plant,
    fail: (...next) => faults.push(...next),
    beforeOpen(open) {
      before = open;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
