import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { goModule } from '../support/go-module.ts';

const live = join(import.meta.dirname, '../../castle/live/tazlab');

/** Where the same release is published as a Go module, which go holds to its checksum database. */
const published: Readonly<Record<string, readonly [module: string, version: string]>> = {
  'external-secrets/external-secrets': ['github.com/external-secrets/external-secrets', 'v0.20.4'],
  'fluxcd/source-controller': ['github.com/fluxcd/source-controller', 'v1.7.2'],
  'fluxcd/kustomize-controller': ['github.com/fluxcd/kustomize-controller', 'v1.7.2'],
  'metallb/metallb': ['go.universe.tf/metallb', 'v0.16.2'],
};

/** The URLs of a unit and the digests beside them. */
async function pinsOf(unit: string): Promise<{ repository: string; path: string; sha256: string }[]> {
  const text = await readFile(join(live, unit, 'terragrunt.hcl'), 'utf8');
  const whole = text.replaceAll(/\$\{local\.(\w+)\}/g, (_all, name: string) => {
    const [, value = ''] = new RegExp(`\\b${name}\\s*=\\s*"([^"]+)"`).exec(text) ?? [];
    return value;
  });
  const pin = /"https:\/\/[^/]+\/([^/]+\/[^/]+)\/[^/]+\/([^"]+)"\s*(?:=|sha256\s*=)\s*"([0-9a-f]{64})"/g;
  return [...whole.matchAll(pin)].map(([, repository = '', path = '', sha256 = '']) => ({
    ...{ repository, path, sha256 },
  }));
}

test.each([
  ['engine', 1],
  ['networking', 1],
  ['gitops', 7],
] as const)('the digests of %s are those of what its upstream published', async (unit, count) => {
  const pins = await pinsOf(unit);
  expect(pins).toHaveLength(count);
  for (const { repository, path, sha256 } of pins) {
    const [module = '', version = ''] = published[repository] ?? [];
    const content = await readFile(join(await goModule(module, version), path));
    expect({ path, sha256: createHash('sha256').update(content).digest('hex') }).toEqual({ path, sha256 });
  }
});
