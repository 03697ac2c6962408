import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { serveLocally } from './local-server.ts';

/**
 * Stands for the git part of GitHub's API: refs, trees, commits and raw contents of one repository, in memory. Only what
 * Phoenix asks for, with the status codes of the real one.
 */
export interface GitHubGit extends AsyncDisposable {
  readonly url: string;
  /** The files of a branch; undefined where there is none. */
  files(branch: string): ReadonlyMap<string, string> | undefined;
  /** How many commits the branch has. */
  depth(branch: string): number;
  /** Answers the next requests so, one after another, before it does anything. */
  fail(...statuses: readonly number[]): void;
  /** Called once, before the next ref is updated: another run may move it there. */
  beforeUpdate(move: () => void): void;
  commit(branch: string, files: Readonly<Record<string, string>>): void;
}

interface Commit {
  readonly tree: ReadonlyMap<string, string>;
  readonly parents: readonly string[];
}

export async function gitHubGit(repository: string, token: string): Promise<GitHubGit> {
  const refs = new Map<string, string>();
  const commits = new Map<string, Commit>();
  const trees = new Map<string, ReadonlyMap<string, string>>();
  const failing: number[] = [];
  let move: (() => void) | undefined;
  const name = (value: unknown) => createHash('sha1').update(JSON.stringify(value)).digest('hex');
  const addTree = (tree: ReadonlyMap<string, string>) => {
    const sha = name([...tree]);
    trees.set(sha, tree);
    return sha;
  };
  const addCommit = (commit: Commit) => {
    const sha = name([[...commit.tree], commit.parents, commits.size]);
    commits.set(sha, commit);
    return sha;
  };
  const depth = (sha: string | undefined): number =>
    sha === undefined ? 0 : 1 + depth(commits.get(sha)?.parents[0]);

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const send = (status: number, body: unknown) => {
      const raw = typeof body === 'string';
      const type = raw ? 'application/vnd.github.raw+json; charset=utf-8' : 'application/json';
      response.writeHead(status, { 'content-type': type });
      response.end(raw ? body : JSON.stringify(body));
    };
    const url = new URL(request.url ?? '/', 'http://github.invalid');
    const body = request.method === 'GET' ? {} : ((await json(request)) as Record<string, unknown>);
    const status = failing.shift();
    if (status !== undefined) return send(status, { message: 'Resource not accessible by integration' });
    if (request.headers.authorization !== `token ${token}`) return send(401, { message: 'Bad credentials' });
    const path = decodeURIComponent(url.pathname).replace(`/repos/${repository}/`, '');
    const asked = `${request.method} ${path}`;
    const ref = /^(?:GET git\/ref|PATCH git\/refs)\/heads\/(.+)$/.exec(asked)?.[1];
    if (asked.startsWith('GET git/ref/') && ref !== undefined) {
      const sha = refs.get(ref);
      return sha === undefined ? send(404, { message: 'Not Found' }) : send(200, { object: { sha } });
    }
    if (asked.startsWith('GET contents/')) {
      const text = commits.get(url.searchParams.get('ref') ?? '')?.tree.get(path.slice('contents/'.length));
      return text === undefined ? send(404, { message: 'Not Found' }) : send(200, text);
    }
    if (asked === 'POST git/trees') {
      const base = trees.get(name([...(commits.get(String(body['base_tree']))?.tree ?? [])]));
      const files = body['tree'] as { path: string; content: string }[];
      return send(201, {
        sha: addTree(new Map([...(base ?? []), ...files.map((file) => [file.path, file.content] as const)])),
      });
    }
    if (asked === 'POST git/commits') {
      const tree = trees.get(String(body['tree'])) ?? new Map();
      return send(201, { sha: addCommit({ tree, parents: body['parents'] as string[] }) });
    }
    if (asked === 'POST git/refs') {
      const branch = String(body['ref']).replace('refs/heads/', '');
      if (refs.has(branch)) return send(422, { message: 'Reference already exists' });
      refs.set(branch, String(body['sha']));
      return send(201, {});
    }
    if (asked.startsWith('PATCH git/refs/') && ref !== undefined) {
      move?.();
      move = undefined;
      const sha = String(body['sha']);
      if (commits.get(sha)?.parents[0] !== refs.get(ref))
        return send(422, { message: 'Update is not a fast forward' });
      refs.set(ref, sha);
      return send(200, {});
    }
    return send(404, { message: `nothing at ${asked}` });
  };
  const server = await serveLocally((request, response) => void answer(request, response));
  return {
    url: server.url,
    files: (branch) => commits.get(refs.get(branch) ?? '')?.tree,
    depth: (branch) => depth(refs.get(branch)),
    fail: (...statuses) => failing.push(...statuses),
    beforeUpdate(call) {
      move = call;
    },
    commit(branch, files) {
      const head = refs.get(branch);
      const tree = new Map([...(commits.get(head ?? '')?.tree ?? []), ...Object.entries(files)]);
      addTree(tree);
      refs.set(branch, addCommit({ tree, parents: head === undefined ? [] : [head] }));
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
