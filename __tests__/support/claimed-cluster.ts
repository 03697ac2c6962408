import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startGit } from '../../src/rehearsal/stand-ins/git.ts';
import { makeCastleRepository } from '../../src/rehearsal/stand-ins/git-repository.ts';
import { startGithubOidc } from '../../src/rehearsal/stand-ins/github-oidc.ts';
import { startInfisical } from '../../src/rehearsal/stand-ins/infisical.ts';
import { boxTools, openTestBox } from './box.ts';
import { tool } from './tools.ts';
import { makeWorld, type World } from './world.ts';

const execute = promisify(execFile);
const run = (
  file: string,
  args: readonly string[],
  options: { readonly env?: Record<string, string> } = {},
) => execute(file, [...args], { ...options, maxBuffer: 64 * 1024 * 1024 });
const modules = join(import.meta.dirname, '../../castle/modules');

export const runnerId = '0f0e0d0c-0000-4000-8000-0000000000a1';
export const clusterId = '0f0e0d0c-0000-4000-8000-0000000000c1';
export const clusterClientId = 'client-id-of-the-cluster';
/** What the cluster is given first, what is there to be pulled next, and what nobody made. */
export const firstSecret = 'first-client-secret-0123456789abcdef';
export const nextSecret = 'next-client-secret-0123456789abcdef';
const wrongSecret = 'wrong-client-secret-0123456789abcdef';
const gitToken = 'token-of-the-git-host-0123456789';
/** The state holds the kubeconfig. */
const stateKey = randomBytes(32).toString('hex');
const requestToken = 'request-token-of-the-test-0123456789';
const repositoryName = 'phoenix-test/castle';

/** Shapes of what the stand-in lists. */
export interface Listed {
  readonly id: string;
  readonly description: string;
  readonly clientSecretNumUses: number;
}

/** Infisical, GitHub's issuer and a git host as servers of the test, and a castle that claims through them. */
export async function openClaimWorld(faults: readonly string[] = []) {
  const world = await makeWorld();
  const github = await startGithubOidc({ requestToken, job: { repository: repositoryName } });
  const stored = {
    CLIENT_ID: clusterClientId,
    FIRST: firstSecret,
    NEXT: nextSecret,
    WRONG: wrongSecret,
    STATE_KEY: stateKey,
  };
  const infisical = await startInfisical({
    project: { id: 'the-project', slug: 'castle' },
    identities: [
      {
        id: runnerId,
        role: 'admin',
        oidc: {
          discoveryUrl: github.url,
          boundIssuer: github.url,
          boundSubject: `repo:${repositoryName}:ref:refs/heads/main`,
          boundAudiences: 'https://claim.invalid',
        },
        universalAuth: { clientId: 'client-id-of-the-admin', clientSecrets: [{ secret: firstSecret }] },
      },
      {
        id: clusterId,
        universalAuth: {
          clientId: clusterClientId,
          clientSecrets: [{ secret: firstSecret }, { secret: nextSecret, description: 'made by hand' }],
        },
      },
    ],
    secrets: Object.entries({ ...stored, GITHUB_TOKEN: gitToken }).map(([key, value]) => ({
      ...{ environment: 'prod', path: '/', key, value },
    })),
    faults: [...faults],
  });
  const content = join(world.dir, 'content');
  await mkdir(content);
  await writeFile(join(content, 'file'), 'content');
  const bare = join(world.dir, 'castle.git');
  await makeCastleRepository({ from: content, bare });
  const git = await startGit({ bare, token: gitToken });
  const base = `${infisical.url}/api/v1/auth/universal-auth`;
  const post = async (url: string, body: object, token = '') => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    return (await answer.json()) as Record<string, unknown>;
  };
  const logIn = (clientId: string, clientSecret: string) => post(`${base}/login`, { clientId, clientSecret });
  const admin = async () => String((await logIn('client-id-of-the-admin', firstSecret))['accessToken']);
  const env = {
    ACTIONS_ID_TOKEN_REQUEST_URL: github.requestUrl,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
  };
  return {
    world,
    infisical,
    admin,
    logIn,
    run: (args: readonly string[]) => world.run(args, env),
    start: (args: readonly string[]) => world.start(args, env),
    /** Writes the castle file with this `identity`, and more lines of its claim. */
    async castle(identity: string, claim: readonly string[] = [], repository = git.repository) {
      await world.write({
        'phoenix.yaml': [
          'version: 1',
          'castle: turned',
          'live: live',
          'secrets:',
          '  source:',
          `    infisical: { host: "${infisical.url}", identity-id: ${runnerId}, project-slug: castle, environment: prod, audience: "https://claim.invalid" }`,
          'state: { encryption: { key: STATE_KEY } }',
          'kubeconfig: { layer: platform }',
          'claim:',
          '  after: platform',
          '  store: castle-secrets',
          '  token: GITHUB_TOKEN',
          `  repository: ${repository}`,
          '  within: 40s',
          '  client-id: CLIENT_ID',
          `  identity: ${identity}`,
          ...claim.map((line) => `  ${line}`),
          '',
        ].join('\n'),
      });
    },
    /** The cluster identity's client secrets that are not revoked. */
    async secrets(): Promise<Listed[]> {
      const headers = { authorization: `Bearer ${await admin()}` };
      const answer = await fetch(`${base}/identities/${clusterId}/client-secrets`, { headers });
      return ((await answer.json()) as { clientSecretData: Listed[] }).clientSecretData;
    },
    async make(description: string): Promise<string> {
      const made = await post(
        `${base}/identities/${clusterId}/client-secrets`,
        { description },
        await admin(),
      );
      return String(made['clientSecret']);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([infisical.close(), github.close(), git.close()]);
      await world[Symbol.asyncDispose]();
    },
  };
}

/** A real etcd, API server and External Secrets Operator, brought up by the manifests of the engine module. */
export async function openCluster(world: World) {
  const operator = await tool('external-secrets');
  const kubectl = await tool('kubectl');
  const box = await openTestBox({ tools: await boxTools({ 'external-secrets': operator }) });
  await box.machine();
  const kubeconfig = join(box.dir, 'test-kubeconfig');
  await writeFile(kubeconfig, await box.kubeconfig(), { mode: 0o600 });
  const env = { PATH: process.env['PATH'] ?? '', KUBECONFIG: kubeconfig, HOME: box.dir };
  const kube = async (...args: string[]) => (await run(kubectl, args, { env })).stdout;
  const apply = async (text: string) => {
    const file = join(box.dir, 'manifest.yaml');
    await writeFile(file, text);
    await kube('apply', '--server-side', '--force-conflicts', `--filename=${file}`);
  };
  const engine = join(modules, 'engine');
  await apply(await readFile(join(engine, 'namespaces.yaml'), 'utf8'));
  const kinds = ['externalsecrets', 'clustersecretstores', 'secretstores'].map(
    (kind) => `${kind}.external-secrets.io`,
  );
  const chosen = [...kinds, 'generatorstates.generators.external-secrets.io'];
  const printed = await run(process.execPath, [join(modules, 'manifest/manifest.mjs')], {
    env: {
      ...env,
      MANIFEST_SOURCES: JSON.stringify([{ source: join(dirname(operator), 'crds/external-secrets.yaml') }]),
      MANIFEST_CRDS: chosen.join(' '),
    },
  });
  await apply(printed.stdout);
  await kube('wait', '--for=condition=Established', '--timeout=60s', ...chosen.map((kind) => `crd/${kind}`));
  const image = 'ghcr.io/external-secrets/external-secrets:v0.20.4';
  const template = await readFile(join(engine, 'operator.yaml'), 'utf8');
  await apply(template.replaceAll('$' + '{image}', image).replaceAll('$' + '{pull_secrets}', '[]'));
  await kube(
    'rollout',
    'status',
    'deployment/external-secrets',
    '--namespace=external-secrets',
    '--timeout=90s',
  );
  await world.write({
    'live/platform/terragrunt.hcl': '',
    'live/platform/main.tf': `output "kubeconfig" {\n  value     = file("${kubeconfig}")\n  sensitive = true\n}\n`,
  });
  const json = async (...args: string[]) => JSON.parse(await kube('get', ...args, '--output=json'));
  return {
    json,
    /** Runs kubectl on it. */
    kube,
    /** The identity as the cluster has it, and the version of its Secret. */
    async identity() {
      const secret = await json('secret', 'infisical-machine-identity', '--namespace=external-secrets');
      return {
        clientSecret: Buffer.from(secret.data.clientSecret, 'base64').toString(),
        version: String(secret.metadata.resourceVersion),
      };
    },
    /** Lets the operator sync anew every second, and notes each that failed. */
    async probe() {
      await apply(
        JSON.stringify({
          apiVersion: 'external-secrets.io/v1',
          kind: 'ExternalSecret',
          metadata: { name: 'probe', namespace: 'default' },
          spec: {
            refreshInterval: '1s',
            secretStoreRef: { kind: 'ClusterSecretStore', name: 'castle-secrets' },
            target: { name: 'probe' },
            data: [{ secretKey: 'token', remoteRef: { key: 'GITHUB_TOKEN' } }],
          },
        }),
      );
      const look = async () => {
        const object = await json('externalsecret', 'probe', '--namespace=default');
        const ready = object.status?.conditions?.find(({ type }: { type: string }) => type === 'Ready');
        return { at: String(object.status?.refreshTime ?? ''), status: String(ready?.status ?? '') };
      };
      while ((await look()).status !== 'True') await sleep(100);
      return {
        /** Resolves when it has synced once more. */
        async again() {
          const { at } = await look();
          const deadline = Date.now() + 15_000;
          while ((await look()).at === at) {
            if (Date.now() > deadline) throw new Error('the operator does not sync any more');
            await sleep(200);
          }
        },
        async failures(): Promise<string[]> {
          const events = await json('events', '--namespace=default', '--field-selector=type=Warning');
          return events.items.map(
            ({ involvedObject, message }: { involvedObject: { name: string }; message: string }) =>
              `${involvedObject.name}: ${message}`,
          );
        },
      };
    },
    [Symbol.asyncDispose]: () => box[Symbol.asyncDispose](),
  };
}
