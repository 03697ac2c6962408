import { expect, test } from 'vitest';
import { parseLocks, providerSets } from '../../src/layer/provider-locks.ts';

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

test('each provider is asked for once, by the block with the most hashes, and two versions of one in two sets', () => {
  const more = block(proxmox, '0.80.0', ['h1:aaaa=', 'zh:bbbb']);
  const locks = [block(proxmox, '0.80.0'), more, block(proxmox, '0.81.0'), block(talos, '0.9.0')];
  const sets = providerSets(parseLocks(locks.join('\n\n')));
  expect(sets.map(({ providers }) => providers.map(({ source, version }) => `${source} ${version}`))).toEqual(
    [[`${proxmox} 0.80.0`, `${talos} 0.9.0`], [`${proxmox} 0.81.0`]],
  );
  expect(sets[0]?.lock).toBe(`${more}\n\n${block(talos, '0.9.0')}\n`);
  expect(sets[1]?.main).toBe(
    `terraform {\n  required_providers {\n    p0 = { source = "${proxmox}", version = "0.81.0" }\n  }\n}\n`,
  );
  expect(providerSets([])).toEqual([]);
});
