import { describe, expect, test } from 'vitest';
import { loadCastle } from '../../src/castle/load.ts';
import { PhoenixError } from '../../src/errors.ts';
import { rejection, temporaryFolder } from '../support/folder.ts';

const endpoint = 'endpoint: https://pve.example:8006';
const named = 'token-id: phoenix@pve!castle, token-secret: PROXMOX_TOKEN_SECRET';
const source = 'secrets: { source: { files: { dir: /dev/shm/s } } }';
const nuke = 'destroy: { vmids: 421-432, tag: phoenix, mode: nuke }';
const maker = 'kubeconfig: { layer: a }';

const folderOf = (lines: readonly string[]) =>
  temporaryFolder({
    'phoenix.yaml': ['version: 1', 'castle: tazlab', 'live: live', ...lines, ''].join('\n'),
    'live/a/terragrunt.hcl': '',
  });

async function load(...lines: readonly string[]) {
  await using folder = await folderOf(lines);
  const { proxmox, destroy } = await loadCastle(`${folder.dir}/phoenix.yaml`);
  return { dir: folder.dir, proxmox, destroy };
}

describe('the Proxmox of a castle', () => {
  test('is its API and a token, whose secret is one of the castle’s secrets', async () => {
    const { dir, proxmox } = await load(source, `proxmox: { ${endpoint}, ${named}, ca-file: pve.pem }`);
    expect(proxmox).toEqual({
      endpoint: 'https://pve.example:8006',
      tokenId: 'phoenix@pve!castle',
      tokenSecret: 'PROXMOX_TOKEN_SECRET',
      caFile: `${dir}/pve.pem`,
    });
    const path = 'endpoint: https://pve.example:8006/api2/json/';
    expect((await load(source, `proxmox: { ${path}, ${named} }`)).proxmox).toMatchObject({
      endpoint: 'https://pve.example:8006',
    });
  });

  test('has names that VMs must have: those that begin with the castle’s where none are given', async () => {
    expect(
      (await load(source, maker, `proxmox: { ${endpoint}, ${named} }`, nuke)).destroy?.name,
    ).toBeUndefined();
    const other = nuke.replace('mode', 'name: talos-?-*, mode');
    expect((await load(source, maker, `proxmox: { ${endpoint}, ${named} }`, other)).destroy?.name).toBe(
      'talos-?-*',
    );
  });

  test.each([
    [
      'without TLS',
      [source, `proxmox: { endpoint: http://pve.example:8006, ${named} }`],
      /https:\/\/ address/,
    ],
    [
      'without a check of it',
      [source, `proxmox: { ${endpoint}, ${named}, insecure: true }`],
      /`insecure` is no key/,
    ],
    ['without a source of secrets', [`proxmox: { ${endpoint}, ${named} }`], /`secrets\.source` beside it/],
    [
      'whose token is no token',
      [source, `proxmox: { ${endpoint}, token-id: root@pam, token-secret: T }`],
      /USER@REALM!NAME/,
    ],
    [
      'whose secret stands in the file',
      [source, `proxmox: { ${endpoint}, token-id: a@pve!b, token-secret: 0f1e-2d }`],
      /secret's name in capitals/,
    ],
    ['that is not there for a nuke', [source, nuke], /`proxmox` section beside `destroy\.mode: nuke`/],
    [
      'whose nuke does not know which layer makes the machines',
      [source, `proxmox: { ${endpoint}, ${named} }`, nuke],
      /`kubeconfig` section beside `destroy\.mode: nuke`/,
    ],
    [
      'whose machines may have any name',
      [source, `proxmox: { ${endpoint}, ${named} }`, nuke.replace('mode', 'name: "*", mode')],
      /beginning with three letters/,
    ],
  ])('is refused %s', async (_, lines, words) => {
    await using folder = await folderOf(lines);
    const error = await rejection(loadCastle(`${folder.dir}/phoenix.yaml`));
    if (!(error instanceof PhoenixError)) throw error;
    expect(`${error.what} ${error.why}`).toMatch(words);
    expect(`${error.what} ${error.why}`).not.toContain('0f1e-2d');
  });
});
