import { describe, expect, it } from 'vitest';
import { leaseStoreFor } from '../../src/lease/beside.ts';

const keys = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'eu-central-1' };

/** The place of the lease of the castle `tazlab`, or why there is none. */
function placeOf(
  backend: string,
  config: Readonly<Record<string, unknown>>,
  { layer = 'platform', env = keys as Readonly<Record<string, string>> } = {},
): string {
  const store = leaseStoreFor({ backend, config, layer }, { castle: 'tazlab', env, fetch });
  return typeof store === 'string' ? `none: ${store}` : store.place;
}

describe('beside local states', () => {
  it.each([
    ['platform', '/srv/state/tazlab/platform/terraform.tfstate', '/srv/state/tazlab/phoenix-lease-tazlab'],
    ['eu/platform', '/srv/state/eu/platform/terraform.tfstate', '/srv/state/phoenix-lease-tazlab'],
    ['platform', '/srv/state/platform.tfstate', '/srv/state/phoenix-lease-tazlab'],
    ['platform', '/platform/terraform.tfstate', '/phoenix-lease-tazlab'],
  ])('the lease of a castle whose layer %s is in %s is the folder %s', (layer, path, expected) => {
    expect(placeOf('local', { path }, { layer })).toBe(expected);
  });
});

describe('beside states in S3', () => {
  const config = { bucket: 'states', key: 'tazlab/platform/terraform.tfstate' };

  it.each([
    ['AWS', {}, 'https://states.s3.eu-central-1.amazonaws.com/tazlab/phoenix-lease-tazlab.json'],
    [
      'the region of the configuration',
      { region: 'us-east-2' },
      'https://states.s3.us-east-2.amazonaws.com/tazlab/phoenix-lease-tazlab.json',
    ],
    [
      'a server with path style',
      { endpoints: { s3: 'http://10.0.0.5:9000/' }, use_path_style: true },
      'http://10.0.0.5:9000/states/tazlab/phoenix-lease-tazlab.json',
    ],
    [
      'the old names of both',
      { endpoint: 'minio.example.org', force_path_style: true },
      'https://minio.example.org/states/tazlab/phoenix-lease-tazlab.json',
    ],
    [
      'a key without folders',
      { key: 'platform.tfstate' },
      'https://states.s3.eu-central-1.amazonaws.com/phoenix-lease-tazlab.json',
    ],
    [
      'a key with a blank',
      { key: 'my castle/platform/terraform.tfstate' },
      'https://states.s3.eu-central-1.amazonaws.com/my%20castle/phoenix-lease-tazlab.json',
    ],
  ])('the lease is an object, with %s', (_, more, expected) => {
    expect(placeOf('s3', { ...config, ...more })).toBe(expected);
  });

  it('the endpoint may come from the environment that the layers see', () => {
    const env = { ...keys, AWS_ENDPOINT_URL_S3: 'https://s3.example.org' };
    expect(placeOf('s3', { ...config, use_path_style: true }, { env })).toBe(
      'https://s3.example.org/states/tazlab/phoenix-lease-tazlab.json',
    );
  });

  it.each([
    ['no key', {}, { AWS_REGION: 'eu-central-1' }, 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY'],
    ['no region', {}, { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }, 'names no region'],
    ['a profile', { profile: 'prod' }, keys, 'uses profile'],
    ['a role', { assume_role: { role_arn: 'arn:…' } }, keys, 'uses assume_role'],
    ['a bucket that is no text', { bucket: 7 }, keys, 'configured in a way'],
  ])('there is no lease with %s, and the text says so', (_, more, env, expected) => {
    const place = placeOf('s3', { ...config, ...more }, { env });
    expect(place).toMatch(/^none: /);
    expect(place).toContain(expected);
  });
});

describe('beside states behind HTTP', () => {
  it.each([
    [
      'the path',
      {
        address: 'https://states.example.org/tazlab/platform',
        lock_address: 'https://states.example.org/tazlab/platform',
      },
      'https://states.example.org/tazlab/phoenix-lease-tazlab',
    ],
    [
      'GitLab, as it addresses its locks',
      {
        address: 'https://gitlab.com/api/v4/projects/7/terraform/state/platform',
        lock_address: 'https://gitlab.com/api/v4/projects/7/terraform/state/platform/lock',
      },
      'https://gitlab.com/api/v4/projects/7/terraform/state/phoenix-lease-tazlab',
    ],
    [
      'a host that is called like the layer',
      { address: 'http://platform/platform', lock_address: 'http://platform/platform' },
      'http://platform/phoenix-lease-tazlab',
    ],
  ])('the lease is a document, with the name of the layer in %s', (_, config, expected) => {
    expect(placeOf('http', config)).toBe(expected);
  });

  it('a layer in a folder may be written with `-` in its address', () => {
    const address = 'https://gitlab.com/api/v4/projects/7/terraform/state/eu-platform';
    expect(placeOf('http', { address, lock_address: `${address}/lock` }, { layer: 'eu/platform' })).toBe(
      'https://gitlab.com/api/v4/projects/7/terraform/state/phoenix-lease-tazlab',
    );
  });

  it('the addresses may come from the environment, as the engine takes them', () => {
    const env = {
      TF_HTTP_ADDRESS: 'https://states.example.org/platform?token=hush',
      TF_HTTP_LOCK_ADDRESS: 'https://states.example.org/platform/lock',
    };
    expect(placeOf('http', {}, { env })).toBe('https://states.example.org/phoenix-lease-tazlab');
  });

  it.each([
    ['no lock', { address: 'https://states.example.org/platform' }, 'no lock_address'],
    ['no address', {}, 'no address'],
    [
      'an address that does not hold the layer’s name',
      { address: 'https://states.example.org/17', lock_address: 'https://states.example.org/17' },
      'do not all hold the name of the layer platform',
    ],
    [
      'a lock that does not hold it',
      { address: 'https://states.example.org/platform', lock_address: 'https://locks.example.org/17' },
      'do not all hold the name of the layer platform',
    ],
    [
      'a certificate that is not checked',
      {
        address: 'https://states.example.org/platform',
        lock_address: 'https://states.example.org/platform',
        skip_cert_verification: true,
      },
      'uses skip_cert_verification',
    ],
    [
      'a password in the address',
      { address: 'https://me:hush@states.example.org/platform', lock_address: 'https://x.example/platform' },
      'holds a user name',
    ],
  ])('there is no lease with %s, and the text says so', (_, config, expected) => {
    const place = placeOf('http', config);
    expect(place).toMatch(/^none: /);
    expect(place).toContain(expected);
    expect(place).not.toContain('hush');
  });
});

describe('beside states elsewhere', () => {
  it.each(['pg', 'kubernetes', 'gcs', 'azurerm', 'remote'])(
    'there is none in %s, and the text names it',
    (kind) => {
      expect(placeOf(kind, {})).toBe(`none: Phoenix keeps no lease in a state backend of the kind ${kind}`);
    },
  );
});
