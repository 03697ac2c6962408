import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeControlPlaneFiles } from '../../src/rehearsal/control-plane-files.ts';
import { createFinder } from '../../src/vault/audit-finder.ts';
import { isMade, learnMade, madeSecrets } from '../../src/vault/made.ts';
import { createRedactor } from '../../src/vault/redact.ts';

const password = 'xK9-w2Qm7_pL4vTz';
const key = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIHqk2v9x\n-----END EC PRIVATE KEY-----\n';
const inBase64 = Buffer.from(key).toString('base64');

const namesOf = (value: unknown) => madeSecrets('a', new Map([['out', value]])).map(({ name }) => name);

test('each text in a sensitive output is a secret, named by where it stands', () => {
  expect(namesOf(password)).toEqual(['output out of layer a']);
  expect(namesOf({ users: [{ password }, { password: `${password}2` }], port: 5432 })).toEqual([
    'output out.users[0].password of layer a',
    'output out.users[1].password of layer a',
  ]);
});

test('of a document around a private key only the key and the tokens are secret: no certificate, and no word', () => {
  const certificate = Buffer.from('-----BEGIN CERTIFICATE-----\nMIIB\n').toString('base64');
  const text = `clusters:\n- certificate-authority-data: ${certificate}\nusers:\n- client-key-data: ${inBase64}\n- token: ${password}\n`;
  const made = madeSecrets('a', new Map([['kubeconfig', text]]));
  expect(made).toEqual([
    { name: 'private key in output kubeconfig of layer a', value: key },
    { name: 'output kubeconfig of layer a, token', value: password },
  ]);
});

test.each([
  'eu',
  '{}',
  'true',
  '8080',
  '10.0.0.4:6443',
  'https://10.0.0.4:6443',
  'https://castle.example.org/path',
  'kubernetes-admin',
  'administrator',
  '/etc/ssl/ca.pem',
  'app_user',
  'Administrator',
  'admin@example.org',
  'k8s.example.org:6443',
  'grafana.internal.example.org',
  'fd00::1',
  '10.0.0.0/24',
  'ubuntu2404',
  '550e8400-e29b-41d4-a716-f46655440abc',
  `-----BEGIN CERTIFICATE-----\n${'MIIB'.repeat(8)}\n-----END CERTIFICATE-----\n`,
])('%j, which the engine calls sensitive since it touched something that is, is left readable', (text) => {
  expect(namesOf(text)).toEqual([]);
});

test.each([
  password,
  'postgres://admin:secret@10.0.0.4/db',
  'https://hooks.example.org/services/T02Kx81bQ9/Zm4q7Rt2Lw8vYp3N',
  'correct horse battery staple',
  'q7t2w9x4z1k8m3n6',
  'j1aiyd.kjoicmvi95n3wlgt',
  'abcdef.0123456789abcdef',
  'vk3xmq8wzt5rplj2',
])('%j is a secret', (text) => {
  expect(namesOf(text)).toEqual(['output out of layer a']);
});

test('what a source gave keeps its name also where a layer gives it out again', () => {
  const redactor = createRedactor();
  redactor.add('DATABASE_PASSWORD', password);
  learnMade(redactor, 'a', new Map([['again', password]]));
  expect([...redactor.secrets.keys()]).toEqual(['DATABASE_PASSWORD']);
});

test('what layers made is told from the secrets of a source by its name', () => {
  const redactor = createRedactor();
  learnMade(redactor, 'a', new Map([['kubeconfig', `key: ${inBase64}\ntoken: ${password}\n`]]));
  expect([...redactor.secrets.keys()].map(isMade)).toEqual([true, true]);
  expect(isMade('OUTPUT')).toBe(false);
});

test('no program of this machine holds what is secret in a kubeconfig', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'phoenix-made-'));
  try {
    await writeControlPlaneFiles(dir, 6443);
    const text = await readFile(join(dir, 'kubeconfig'), 'utf8');
    const made = madeSecrets('platform', new Map([['kubeconfig', text]]));
    const program = await readFile(process.execPath);
    const finder = createFinder(new Map(made.map(({ name, value }) => [name, value])));
    expect([...finder.find(program, program.length)]).toEqual([]);
    const own = Buffer.from(text);
    expect([...finder.find(own, own.length)].map(({ secret }) => secret)).toContain(
      'private key in output kubeconfig of layer platform',
    );
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test('what is called a password is one, however plain it looks', () => {
  const made = madeSecrets(
    'a',
    new Map<string, unknown>([['db', { user: 'app_user', password: 'swordfish' }]]),
  );
  expect(made).toEqual([{ name: 'output db.password of layer a', value: 'swordfish' }]);
});
