import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { type RequestOptions, request as secureRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { silentLog } from '../../src/log.ts';
import { type Box, type BoxOptions, openBox } from '../../src/rehearsal/box.ts';
import { type ApiAccess, createKubeApi, type KubeApi } from '../../src/rehearsal/kube-api.ts';
import { tool } from './tools.ts';

/** How a test starts Phoenix' hidden commands. */
export const self = [process.execPath, join(import.meta.dirname, 'box-self.ts')];

export interface TestBox extends AsyncDisposable {
  readonly box: Box;
  readonly dir: string;
  readonly stateDir: string;
  readonly deaths: { readonly name: string; readonly how: string }[];
  /** Asks for a machine; the lines of the answer. */
  machine(port?: number): Promise<Record<string, unknown>[]>;
  /** Of the machine asked for last. */
  kubeconfig(): Promise<string>;
  access(): Promise<ApiAccess>;
  api(): Promise<KubeApi>;
}

/** An empty folder in RAM for a box. */
export async function ramFolder(): Promise<string> {
  const dir = join('/dev/shm', `phoenix-test-${randomUUID().slice(0, 8)}`);
  await mkdir(dir, { mode: 0o700 });
  return dir;
}

/** The real programs of a box whose nodes kwok plays, beside those of `boxTools`. */
export async function nodeTools(files: Readonly<Record<string, string>> = {}): Promise<BoxOptions['tools']> {
  const more: [string, { file: string; assets: string }][] = [];
  for (const name of ['kube-controller-manager', 'kube-scheduler', 'kwok'] as const)
    more.push([name, { file: files[name] ?? (await tool(name)), assets: '' }]);
  return new Map([...(await boxTools(files)), ...more]);
}

/** The real etcd and kube-apiserver; other tools by `files`. */
export async function boxTools(files: Readonly<Record<string, string>> = {}): Promise<BoxOptions['tools']> {
  const controllers = ['external-secrets', 'source-controller', 'kustomize-controller'];
  return new Map([
    ['etcd', { file: await tool('etcd'), assets: '' }],
    ['kube-apiserver', { file: await tool('kube-apiserver'), assets: '' }],
    ...controllers.map((name): [string, { file: string; assets: string }] => [
      name,
      { file: files[name] ?? '/nonexistent', assets: '' },
    ]),
  ]);
}

export async function openTestBox(
  options: Partial<Pick<BoxOptions, 'tools' | 'standIns' | 'node'>> = {},
): Promise<TestBox> {
  const dir = await ramFolder();
  const stateDir = await mkdtemp(join(tmpdir(), 'phoenix-box-'));
  const box = await openBox({
    dir,
    stateDir,
    tools: options.tools ?? (await boxTools()),
    standIns: options.standIns ?? [],
    node: options.node ?? 'none',
    self,
    log: silentLog,
    signal: new AbortController().signal,
  });
  const deaths: { name: string; how: string }[] = [];
  box.onDeath((name, how) => deaths.push({ name, how }));
  let id = '';
  const kubeconfig = () => readFile(join(dir, 'machines', id, 'kubeconfig'), 'utf8');
  const access = async () => accessOf(await kubeconfig());
  return {
    box,
    dir,
    stateDir,
    deaths,
    machine(port = 0) {
      id = randomUUID();
      return askHost(box.socket, 'POST', { id, port });
    },
    kubeconfig,
    access,
    api: async () => createKubeApi(await access()),
    async [Symbol.asyncDispose]() {
      await box[Symbol.asyncDispose]();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

/** Sends `body` to /machine; the JSON lines of the answer. */
export function askHost(
  socketPath: string,
  method: string,
  body: object,
): Promise<Record<string, unknown>[]> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path: '/machine' }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve(
          text
            .split('\n')
            .filter(Boolean)
            .map((line) => JSON.parse(line)),
        ),
      );
    });
    asked.on('error', reject);
    asked.end(JSON.stringify(body));
  });
}

/** The access that a kubeconfig of the box gives. */
function accessOf(kubeconfig: string): ApiAccess {
  const { clusters, users } = parse(kubeconfig);
  const [{ cluster }] = clusters;
  const [{ user }] = users;
  return {
    server: cluster.server,
    ca: decoded(cluster['certificate-authority-data']),
    certificate: decoded(user['client-certificate-data']),
    key: decoded(user['client-key-data']),
  };
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

/** The status of an HTTPS request that carries only what `options` has. */
export function statusOf(address: string, options: RequestOptions = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = secureRequest(address, { agent: false, ...options }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** Waits until `check` holds; fails with `what` after `seconds`. */
export async function eventually(
  what: string,
  seconds: number,
  check: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(50);
  }
}
