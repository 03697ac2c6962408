import { expect, test } from 'vitest';
import { parseLocks, providerFiles } from '../../src/layer/provider-locks.ts';

const block = (source: string, version: string, hashes = ['h1:aaaa=']) =>
  [
    `provider "${source}" {`,
    `  version     = "${version}"`,
    `  constraints = ">= 0.1.0"`,
    '  hashes = [',
    ...hashes.map((hash) => `    "${hash}",`),
    '  ]',
    '}',
  ].join('\n');
const [proxmox, talos] = ['registry.opentofu.org/bpg/proxmox', 'registry.opentofu.org/siderolabs/talos'];

test('a lock file is read as the engine writes it; what has another form is left out', () => {
  const text = [
    '# This file is maintained automatically by "tofu init".',
    '# Manual edits may be lost in future updates.',
    '',
    block(proxmox, '0.80.0'),
    '',
    block('localhost:8443/own/thing', '1.0.0-rc.1+build'),
    '',
    'provider "registry.opentofu.org/half/a" {',
  ].join('\n');
  expect(parseLocks(text).map(({ source, version }) => [source, version])).toEqual([
    [proxmox, '0.80.0'],
    ['localhost:8443/own/thing', '1.0.0-rc.1+build'],
  ]);
  expect(parseLocks(text)[0]?.block).toBe(block(proxmox, '0.80.0'));
  for (const odd of ['', '{"provider": 1}', 'provider "../../x" {\n  version = "1"\n}\n'])
    expect(parseLocks(odd)).toEqual([]);
});

test('a folder that installs them asks for exactly these, with their hashes', () => {
  const locks = [block(proxmox, '0.80.0', ['h1:aaaa=', 'zh:bbbb']), block(talos, '0.9.0')];
  expect(providerFiles(parseLocks(locks.join('\n\n')))).toEqual({
    'main.tf': [
      'terraform {',
      '  required_providers {',
      `    p0 = { source = "${proxmox}", version = "0.80.0" }`,
      `    p1 = { source = "${talos}", version = "0.9.0" }`,
      '  }',
      '}',
      '',
    ].join('\n'),
    '.terraform.lock.hcl': `${locks.join('\n\n')}\n`,
  });
});
