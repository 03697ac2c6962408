import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAdmissionWebhook } from '../support/admission-webhook.ts';
import { eventually } from '../support/box.ts';
import { expectCode } from '../support/codes.ts';
import { longhornLike } from '../support/longhorn-like.ts';
import { crdsOf, type ModuleCluster, openModuleCluster } from '../support/module-cluster.ts';
import { warmTools } from '../support/world.ts';

const namespace = 'longhorn-system';
const service = 'longhorn-admission-webhook';

let cluster: ModuleCluster;
let source: string;

/**
 * Longhorn's manifest is in no registry that a test may reach, so that a stand-in of the same names takes its place;
 * PHOENIX_TEST_LONGHORN names a file of the real one.
 */
beforeAll(async () => {
  await warmTools(['etcd', 'kube-apiserver', 'kubectl', 'tofu']);
  cluster = await openModuleCluster();
  source = process.env['PHOENIX_TEST_LONGHORN'] ?? join(cluster.box.dir, 'longhorn.yaml');
  if (process.env['PHOENIX_TEST_LONGHORN'] === undefined) await writeFile(source, longhornLike);
  for (const crds of await crdsOf('external-secrets'))
    await cluster.apply(await readFile(crds.source, 'utf8'));
  await cluster.kube([
    ...['wait', '--for=condition=Established', '--timeout=60s'],
    'crd/externalsecrets.external-secrets.io',
  ]);
}, 900_000);

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
});

const variables = () => ({
  ...{ cluster_id: 'one', longhorn: { source }, nodes: 2, timeout: '90s' },
  backup: {
    ...{ bucket: 'the-bucket', region: 'eu-central-1', endpoint: 'https://s3.invalid', prefix: 'castle' },
    ...{ store: 'castle-secrets', access_key: 'S3_ACCESS_KEY', secret_key: 'S3_SECRET_KEY' },
  },
});

/** What Longhorn's manager does once it runs. */
async function writeWebhooks(url: string, caBundle: string): Promise<void> {
  await cluster.apply(
    JSON.stringify({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'longhorn-webhook-validator' },
      webhooks: [
        {
          ...{ name: 'validator.longhorn.io', clientConfig: { url, caBundle } },
          rules: [
            {
              ...{ apiGroups: ['longhorn.io'], apiVersions: ['v1beta2'] },
              ...{ operations: ['CREATE', 'UPDATE'], resources: ['backuptargets'] },
            },
          ],
          ...{ admissionReviewVersions: ['v1'], sideEffects: 'None', timeoutSeconds: 2 },
        },
      ],
    }),
  );
}

const thereIs = (...args: string[]) =>
  cluster.json(...args).then(
    () => true,
    () => false,
  );

test('storage with Longhorn: the class and the backup target come once its own webhook answers', async () => {
  await using webhook = await startAdmissionWebhook();
  const applying = cluster.tofu('storage', 'apply', variables());
  await cluster.rollOutWhenThere(namespace, 'daemonset', 'longhorn-manager');
  await cluster.sayEndpoint(namespace, service, true);
  await cluster.rollOutWhenThere(namespace, 'deployment', 'longhorn-driver-deployer');
  await eventually('the credential is asked for', 30, () =>
    thereIs('externalsecret', 'longhorn-backup', `--namespace=${namespace}`),
  );
  // Everything runs, but the manager has not written its webhooks: a dry run would be admitted by nobody's word.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(await thereIs('storageclass', 'longhorn-postgres')).toBe(false);
  await writeWebhooks(webhook.url, webhook.caBundle);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(await thereIs('storageclass', 'longhorn-postgres')).toBe(false);
  await webhook.become('admits');
  const applied = await applying;
  expect(applied.code, applied.output).toBe(0);
  expect(applied.output).toMatch(/webhook\/longhorn-webhook-validator: not yet, it does not exist yet/);
  expect(webhook.asked()).toBeGreaterThan(0);

  const { parameters } = await cluster.json('storageclass', 'longhorn-postgres');
  expect(parameters).toMatchObject({ numberOfReplicas: '2' });
  const target = await cluster.json('backuptargets.longhorn.io', 'default', `--namespace=${namespace}`);
  expect(target.spec).toMatchObject({
    ...{ backupTargetURL: 's3://the-bucket@eu-central-1/castle', credentialSecret: 'longhorn-backup' },
  });
  const { metadata } = await cluster.json('namespace', namespace);
  expect(metadata.labels['pod-security.kubernetes.io/enforce']).toBe('privileged');
  const settings = await cluster.json('configmap', 'longhorn-default-setting', `--namespace=${namespace}`);
  expect(settings.data['default-setting.yaml']).toContain('storage-over-provisioning-percentage: "200"');
  const { spec } = await cluster.json('externalsecret', 'longhorn-backup', `--namespace=${namespace}`);
  expect(spec.target.template.data).toMatchObject({
    ...{ AWS_ENDPOINTS: 'https://s3.invalid', AWS_ACCESS_KEY_ID: '{{ .access_key | trim }}' },
  });

  expectCode(await cluster.tofu('storage', 'plan', variables()), 0);
  const other = await cluster.tofu('storage', 'plan', { ...variables(), cluster_id: 'two' });
  expect(other.output).toContain('3 to add, 0 to change, 3 to destroy');
});

test.each([
  [{ prefix: '/castle' }, /has no slash around it/],
  [{ bucket: 'Not A Bucket' }, /no bucket, region and prefix/],
])('storage takes no backup target like %o', async (more, words) => {
  const given = variables();
  const planned = await cluster.tofu('storage', 'plan', { ...given, backup: { ...given.backup, ...more } });
  expect(planned.code, planned.output).toBe(1);
  expect(planned.output.replaceAll(/\s+│?\s*/g, ' ')).toMatch(words);
});
