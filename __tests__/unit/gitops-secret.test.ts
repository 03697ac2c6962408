// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Flux writes its own so.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { secretInClear } from '../../src/gitops/rules/secret-in-clear.ts';
import { treeFrom } from '../support/gitops-tree.ts';

const found = (...manifests: object[]) => secretInClear.look(treeFrom(manifests));

const metadata = { name: 'x', namespace: 'y' };
const secret = (rest: object) => ({ apiVersion: 'v1', kind: 'Secret', metadata, ...rest });
const configMap = (data: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
const env = (...list: object[]) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata,
  spec: { template: { spec: { containers: [{ name: 'c', image: 'x/y:1.0.0', env: list }] } } },
});
const release = (values: object) => ({
  apiVersion: 'helm.toolkit.fluxcd.io/v2',
  kind: 'HelmRelease',
  metadata,
  spec: { values },
});
const base64 = (text: string) => Buffer.from(text).toString('base64');

const encrypted = 'ENC[AES256_GCM,data:p673w==,iv:YY=,aad:UQ=,tag:A=,type:str]';
// Put together here, so that nothing that looks for secrets in this repository finds one.
const pem = (label: string) =>
  ['-----BEGIN ', label, '-----\n', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n', '-----END ', label, '-----\n'].join(
    '',
  );
const github = ['ghp', '0123456789abcdefghijABCDEFGHIJ012345'].join('_');

describe('secret-in-clear', () => {
  test.each([
    ['a password in stringData', { stringData: { password: 'hunter2' } }, 'stringData.password'],
    ['a password in data', { data: { password: base64('hunter2') } }, 'data.password'],
    ['what a generator makes of a literal', { data: { API: 'hunter2!' } }, 'data.API'],
    ['a private key', { stringData: { 'tls.key': pem('EC PRIVATE KEY') } }, 'stringData.tls.key'],
    ['binary data', { data: { blob: Buffer.from([0, 255, 1, 254, 9]).toString('base64') } }, 'data.blob'],
    [
      'a URL with a password',
      { stringData: { uri: 'postgres://app:s3cr3t9@db:5432/app' } },
      'stringData.uri',
    ],
    [
      'a file of settings',
      { stringData: { 'app.conf': 'host: db\npassword: hunter2\n' } },
      'stringData.app.conf',
    ],
    [
      'a registry login',
      {
        type: 'kubernetes.io/dockerconfigjson',
        data: { '.dockerconfigjson': base64('{"auths":{"ghcr.io":{"auth":"dTpw"}}}') },
      },
      'data..dockerconfigjson',
    ],
    [
      'one value that SOPS left open',
      { stringData: { a: encrypted, password: 'hunter2' }, sops: { version: '3.9.0' } },
      'stringData.password',
    ],
  ])('finds %s in a Secret', (_, rest, at) => {
    expect(found(secret(rest))).toMatchObject([{ severity: 'error', at: { file: at } }]);
  });

  test.each([
    ['no data', {}],
    ['empty values', { data: { password: '' }, stringData: {} }],
    [
      'placeholders',
      { stringData: { password: 'changeme', token: '<your token>', key: 'REPLACE_ME', x: '****' } },
    ],
    ['variables of Flux', { stringData: { password: '${DB_PASSWORD}', url: 'https://${HOST}/x' } }],
    [
      'what SOPS encrypted',
      { stringData: { password: encrypted }, sops: { mac: encrypted, version: '3.9.0' } },
    ],
    ['a certificate', { data: { 'ca.crt': base64(pem('CERTIFICATE')), other: base64(pem('CERTIFICATE')) } }],
    [
      'a public key',
      { stringData: { key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKf host', pub: pem('PUBLIC KEY') } },
    ],
    [
      'the token of an account',
      { type: 'kubernetes.io/service-account-token', data: { x: base64('hunter2') } },
    ],
    [
      'where and who',
      { stringData: { username: 'git', host: 'db.example.org', port: '5432', insecure: 'true' } },
    ],
    [
      'a registry without a login',
      { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': base64('{"auths":{}}') } },
    ],
  ])('lets a Secret with %s be', (_, rest) => {
    expect(found(secret(rest))).toEqual([]);
  });

  test.each([
    ['DB_PASSWORD', 'hunter2'],
    ['PGPASSWORD', 'correct horse'],
    ['ADMIN_PASS', 'abc'],
    ['API_TOKEN', 'f3a91c7be2d04a55'],
    ['APP_SECRET', 'aGVsbG8gd29ybGQ9dGhpcw=='],
    ['AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMIK7MDENGbPxRfiCYzzzzzzKEY01'],
    ['ENCRYPTION_KEY', '0123456789abcdef0123456789abcdef'],
    ['ANYTHING', github],
    ['DATABASE_URL', 'postgresql://app:s3cr3t9@db/app'],
  ])('finds %s in an environment', (name, value) => {
    expect(found(env({ name, value }))).toMatchObject([
      { at: { file: 'spec.template.spec.containers.0.env.0.value' } },
    ]);
  });

  test.each([
    ['DB_PASSWORD', ''],
    ['DB_PASSWORD', '$(OTHER)'],
    ['DB_PASSWORD', '${DB_PASSWORD}'],
    ['DB_PASSWORD', '/run/secrets/password'],
    ['DB_PASSWORD', 'changeme'],
    ['DB_PASSWORD_FILE', '/run/secrets/password'],
    ['REQUIRE_PASSWORD', 'true'],
    ['TLS_SECRET', 'blog-tls'],
    ['TOKEN_URL', 'https://auth.example.org/token'],
    ['MAX_TOKEN', '4096'],
    ['EXISTING_SECRET', 'f3a91c7be2d04a55'],
    ['nextToken', 'f3a91c7be2d04a55'],
    ['PARTITION_KEY', 'tenant-0123456789abcdef'],
    ['API_KEY', 'my-secret-name'],
    ['API_KEY', 'CLOUDFLARE_API_KEY'],
    ['DATABASE_URL', 'postgresql://app:$(DB_PASSWORD)@db/app'],
    ['DATABASE_URL', 'postgresql://app@db/app'],
    ['DATABASE_URL', 'postgres://user:password@localhost/x'],
    ['REPLICAS', '3'],
  ])('lets %s=%s in an environment be', (name, value) => {
    expect(found(env({ name, value }))).toEqual([]);
  });

  test.each([
    ['--password=hunter2', 0],
    ['-adminPassword=hunter2', 0],
    ['--password', 0],
    ['--token=$(TOKEN)', undefined],
    ['--password-file=/run/secrets/password', undefined],
    ['--tls-secret=ingress/wildcard-tls', undefined],
    ['--token', undefined],
  ])('reads the option %s of a command', (option, at) => {
    const container = (args: readonly string[]) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { template: { spec: { containers: [{ name: 'c', image: 'x/y:1.0.0', args }] } } },
    });
    const pair = option === '--password';
    const path = `spec.template.spec.containers.0.args.${pair ? 1 : at}`;
    expect(found(container(pair ? [option, 'hunter2'] : [option, '--verbose']))).toMatchObject(
      at === undefined ? [] : [{ at: { file: path } }],
    );
  });

  test.each([
    ['1password-credentials.json', true],
    ['rsa-2048-private-key', true],
    ['id_ed25519', true],
    ['tls_ed25519.key', true],
    ['wildcard-example-com-tls-2024', true],
    ['k8s-api-client', true],
    ['3f2504e0-4f89-11d3-9a0c-0305e82c3301', false],
    ['deadbeef-cafe-babe-beef-deadbeefcafe', false],
    ['hunter2forever', false],
    ['sk-a1b2c3d4e5f6a7b8', false],
    ['1234-5678-9012-3456', false],
  ])('tells whether %s is a name of a secret, or one itself', (value, isName) => {
    expect(found(release({ tls: { secret: value } }))).toHaveLength(isName ? 0 : 1);
  });

  test('lets what Grafana puts in itself be', () => {
    for (const value of ['$__file{/etc/secrets/x}', '$__env{DB_PASSWORD}'])
      expect(found(env({ name: 'GF_DATABASE_PASSWORD', value }))).toEqual([]);
    expect(found(env({ name: 'GF_DATABASE_PASSWORD', value: 'hunter2$__env{X}' }))).toHaveLength(1);
  });

  test('lets a dotenv that SOPS encrypted be, but for the lines that it left open', () => {
    const sops = {
      sops_mac: encrypted,
      sops_version: '3.9.0',
      sops_lastmodified: '2026-02-10T10:00:00Z',
      sops_age__list_0__map_recipient: 'age1qqqq',
    };
    expect(found(secret({ data: { DB_PASSWORD: encrypted, ...sops } }))).toEqual([]);
    expect(found(secret({ data: { DB_PASSWORD: 'hunter2', ...sops } }))).toMatchObject([
      { at: { file: 'data.DB_PASSWORD' } },
    ]);
    expect(found(secret({ data: { sops_lastmodified: 'hunter2', sops_mac: 'x' } }))).toHaveLength(2);
  });

  test('lets a value be that comes from a Secret', () => {
    expect(
      found(env({ name: 'DB_PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } })),
    ).toEqual([]);
  });

  test.each([
    ['a value by its name', { DB_PASSWORD: 'hunter2' }],
    ['a settings file', { 'app.yaml': 'db:\n  host: db\n  password: "hunter2"\n' }],
    ['an env file', { '.env': 'A=1\nexport DB_PASSWORD=hunter2\n' }],
    ['JSON', { 'app.json': '{\n  "clientSecret": "f3a91c7be2d04a55",\n  "x": 1\n}' }],
    ['a private key', { key: pem('PRIVATE KEY') }],
    ['an age key', { keys: ['AGE-SECRET-KEY', `1${'Q'.repeat(58)}`].join('-') }],
    [
      'a JWT',
      {
        x: ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiIxMjM0NTY3ODkwIn0', 'dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P'].join(
          '.',
        ),
      },
    ],
    ['an access key', { x: `id = ${['AKIA', 'IOSFODNN7ABCDEFG'].join('')}` }],
    ['a webhook of Slack', { x: ['xoxb', '123456789012', 'abcdefghij'].join('-') }],
  ])('finds %s in a ConfigMap', (_, data) => {
    expect(found(configMap(data))).toHaveLength(1);
  });

  test.each([
    [
      'names and switches',
      {
        'app.yaml':
          'existingSecret: db\npasswordKey: password\nauth: { enabled: true }\nusePassword: false\n',
      },
    ],
    [
      'references',
      { 'app.yaml': 'password: ${DB_PASSWORD}\ntoken: {{ .Values.token }}\npassword_file: /run/x\n' },
    ],
    ['scripts', { 'start.sh': '#!/bin/sh\nPASSWORD="$(cat /run/secrets/x)"\nTOKEN=$1\n' }],
    [
      'a page',
      { 'index.html': '<input type="password" name="password" value="whatever1">\npassword: hunter2\n' },
    ],
    ['code', { 'app.py': 'password: "hunter2"\n', 'x.conf': 'secret = config.get("clientSecretValue1")\n' }],
    ['a certificate', { 'ca.crt': pem('CERTIFICATE') }],
    ['prose', { motd: 'Your password: ask an administrator, and the token too.\n' }],
  ])('lets a ConfigMap with %s be', (_, data) => {
    expect(found(configMap(data))).toEqual([]);
  });

  test('looks into the values of charts, the variables of Flux and templates of Secrets', () => {
    expect(found(release({ auth: { adminPassword: 'hunter2' } }))).toMatchObject([
      { at: { file: 'spec.values.auth.adminPassword' } },
    ]);
    expect(
      found(
        release({
          auth: {
            existingSecret: 'db-creds',
            secretKeys: { adminPasswordKey: 'postgres-password' },
            password: '',
          },
        }),
      ),
    ).toEqual([]);
    const kustomization = (substitute: object) => ({
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
      kind: 'Kustomization',
      metadata,
      spec: { postBuild: { substitute } },
    });
    expect(found(kustomization({ DB_PASSWORD: 'hunter2' }))).toHaveLength(1);
    expect(found(kustomization({ CLUSTER_NAME: 'tazlab', SECRET_NAME: 'db' }))).toEqual([]);
    const external = (data: object) => ({
      apiVersion: 'external-secrets.io/v1',
      kind: 'ExternalSecret',
      metadata,
      spec: {
        target: { template: { data } },
        data: [{ secretKey: 'password', remoteRef: { key: 'DB_PASSWORD' } }],
      },
    });
    expect(found(external({ password: '{{ .password }}', username: 'git' }))).toEqual([]);
    expect(found(external({ password: 'hunter2' }))).toHaveLength(1);
    const named = (key: string, at: object) => ({
      ...external({}),
      spec: { data: [{ [key]: 'Xk92jdLq0PzW73hs', ...at }] },
    });
    expect(found(named('secretKey', { remoteRef: { key: 'x', property: 'Xk92jdLq0PzW73hs' } }))).toEqual([]);
    expect(found(named('apiKey', {}))).toHaveLength(1);
    expect(found({ ...named('secretKey', {}), apiVersion: 'x.example.org/v1' })).toHaveLength(1);
  });

  test('passes what is encrypted for the cluster, and the schemas of CRDs', () => {
    const sealed = {
      apiVersion: 'bitnami.com/v1alpha1',
      kind: 'SealedSecret',
      metadata,
      spec: { encryptedData: { password: 'AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq' } },
    };
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata,
      spec: { description: `e.g. ${github}`, password: 'hunter2' },
    };
    expect(found(sealed, crd)).toEqual([]);
  });

  /** Every place where people put secrets that should not be there. */
  const places: readonly ((value: string) => object)[] = [
    (value) => secret({ stringData: { anything: value } }),
    (value) => secret({ data: { anything: base64(value) } }),
    (value) => secret({ stringData: { 'x.env': `A=1\nDB_PASSWORD="${value}"\n` } }),
    (value) => env({ name: 'X', value: 'y' }, { name: 'DB_PASSWORD', value }),
    (value) => env({ name: 'GITHUB_TOKEN', value }),
    (value) => env({ name: 'DATABASE_URL', value: `postgres://app:${value}@db:5432/app` }),
    (value) => configMap({ API_TOKEN: value }),
    (value) => configMap({ 'settings.ini': `[db]\nhost = db\npassword = ${value}\n` }),
    (value) => release({ deeply: [{ nested: { rootPassword: value } }] }),
    (value) => ({
      apiVersion: 'x.example.org/v1',
      kind: 'Thing',
      metadata,
      spec: { list: [{ clientSecret: value }] },
    }),
  ];

  test('finds a drawn secret wherever it is put, and never says it', () => {
    const drawn = fc
      .stringMatching(/^[a-z][0-9][A-Za-z0-9]{14,30}[0-9][a-zA-Z]$/)
      .filter((text) => /\d[a-zA-Z]+\d/.test(text));
    fc.assert(
      fc.property(drawn, fc.nat(places.length - 1), (value, index) => {
        const findings = found(places[index]?.(value) ?? {});
        expect(findings.length).toBeGreaterThan(0);
        const said = JSON.stringify(findings);
        expect(said).not.toContain(value);
        expect(said).not.toContain(base64(value));
      }),
    );
  });

  test('says nothing of any value, whatever stands in a Secret', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 12 }), (value) => {
        const findings = found(secret({ stringData: { k: value } }), configMap({ k: value }));
        expect(
          findings.some((finding) => JSON.stringify(finding).includes(JSON.stringify(value).slice(1, -1))),
        ).toBe(false);
      }),
    );
  });
});
