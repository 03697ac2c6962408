import { describe, expect, test } from 'vitest';
import { layerSettings, unknownLayers } from '../../src/castle/layers.ts';
import { loadCastle } from '../../src/castle/load.ts';
import { explain, PhoenixError } from '../../src/errors.ts';
import { brokenCastle, castleFolder, wholeCastle } from '../support/castle.ts';

describe('a good castle file', () => {
  test('becomes a castle in seconds, shares and absolute folders', async () => {
    await using folder = await castleFolder(wholeCastle);
    const castle = await loadCastle(folder.file);
    expect(castle).toMatchObject({
      name: 'tazlab',
      engine: 'tofu',
      dir: folder.dir,
      file: folder.file,
      liveDir: `${folder.dir}/live/tazlab`,
      env: ['TF_VAR_region'],
      gitops: { dir: `${folder.dir}/gitops`, entry: 'clusters/tazlab', branch: 'main' },
      kubeconfig: { layer: 'platform', output: 'kubeconfig' },
      destroy: { vmids: [{ first: 421, last: 432 }], tag: 'phoenix', mode: 'nuke' },
      report: { history: 'phoenix-history', unattributed: 0.02 },
    });
    expect(castle.toolchain).toEqual([
      { tool: 'opentofu', version: '1.12.6' },
      { tool: 'kubectl', version: '1.34.1', path: '^1.33.0' },
    ]);
    expect(castle.milestones).toEqual([
      {
        name: 'blog',
        withinSeconds: 523,
        all: [
          { kind: 'kustomization', name: 'apps-static' },
          { kind: 'http', url: 'https://blog.example', contains: '<title>' },
        ],
      },
      {
        name: 'stack',
        withinSeconds: 780,
        all: [{ kind: 'kustomizations' }, { kind: 'database', upTo: 'V6' }],
      },
    ]);
  });

  test('gives each secret its layers, its way and its variable', async () => {
    await using folder = await castleFolder(wholeCastle);
    const { secrets } = await loadCastle(folder.file);
    expect(secrets.source).toEqual({
      kind: 'infisical',
      host: 'https://eu.infisical.com',
      identityId: 'the-identity',
      project: { id: 'the-project' },
      environment: 'prod',
      path: '/',
      recursive: false,
    });
    expect(secrets.list).toEqual([
      { name: 'PROXMOX_TOKEN_SECRET', layers: ['platform'], as: 'tfvar', variable: 'proxmox_token_secret' },
      { name: 'S3_KEY', layers: ['storage'], as: 'env', variable: 'S3_KEY' },
      { name: 'TLS_KEY', layers: [], as: 'file', variable: 'key_file' },
    ]);
  });

  test('gives the claim its defaults', async () => {
    await using folder = await castleFolder(wholeCastle);
    const { claim } = await loadCastle(folder.file);
    expect(claim).toEqual({
      after: 'engine',
      store: 'tazlab-secrets',
      token: 'GITHUB_TOKEN',
      repository: 'https://github.com/tazzo/tazlab-k8s',
      withinSeconds: 60,
      clientId: 'INFISICAL_CLIENT_ID',
      clientSecret: 'INFISICAL_CLIENT_SECRET',
      identity: { kind: 'pull' },
      identityNamespace: 'external-secrets',
      identitySecret: 'infisical-machine-identity',
      namespace: 'flux-system',
      externalSecret: 'github-api-token',
      secret: 'flux-system',
    });
  });

  test('gives a layer that it does not name the defaults, also one that is called constructor', async () => {
    await using folder = await castleFolder(wholeCastle);
    const castle = await loadCastle(folder.file);
    expect(layerSettings(castle, 'platform')).toEqual({
      timeoutSeconds: 360,
      stallSeconds: 120,
      retry: { on: ['proxmox-lock', 'http-5xx'], times: 3 },
    });
    const defaults = { timeoutSeconds: 900, stallSeconds: 300, retry: { on: [], times: 0 } };
    expect(layerSettings(castle, 'engine')).toEqual(defaults);
    expect(layerSettings(castle, 'constructor')).toEqual(defaults);
  });

  test('may be as short as three lines', async () => {
    await using folder = await castleFolder('version: 1\ncastle: tiny\nlive: live/tazlab\n');
    const castle = await loadCastle(folder.file);
    expect(castle.secrets).toEqual({ source: undefined, list: [] });
    expect(castle.milestones).toEqual([]);
  });

  test('may keep its secrets in a folder outside the repository, as a RAM disk is', async () => {
    await using folder = await castleFolder(
      'version: 1\ncastle: t\nlive: live/tazlab\nsecrets: { source: { files: { dir: ../ram } } }\n',
    );
    const castle = await loadCastle(folder.file);
    expect(castle.secrets.source).toEqual({
      kind: 'files',
      dir: `${folder.dir.replace(/\/[^/]+$/, '')}/ram`,
    });
  });
});

describe('HashiCorp Vault as the source', () => {
  const head = 'version: 1\ncastle: t\nlive: live/tazlab\nsecrets:\n';
  const source =
    "  source: { hashicorp-vault: { address: 'https://vault.example.org:8200/', role: castle, path: /castle } }\n";

  test('has the usual mounts where they are not said, and a secret may have a path and a key of its own', async () => {
    await using folder = await castleFolder(`${head}${source}  DB_PASSWORD: { path: /db, key: password }\n`);
    const { secrets } = await loadCastle(folder.file);
    expect(secrets.source).toEqual({
      kind: 'hashicorp-vault',
      address: 'https://vault.example.org:8200',
      auth: 'jwt',
      role: 'castle',
      mount: 'secret',
      path: '/castle',
    });
    expect(secrets.list).toMatchObject([{ name: 'DB_PASSWORD', path: '/db', key: 'password' }]);
  });

  test.each([
    ['plain http', source.replace('https', 'http'), /an https:\/\/ address/],
    ['a mount with a climb in it', source.replace('role:', 'mount: ../sys, role:'), /a path of letters/],
    [
      'two sources',
      source.replace('} }', '}, files: { dir: /dev/shm } }'),
      /one of `infisical`, `hashicorp-vault` and/,
    ],
    [
      'a path of a file',
      '  source: { files: { dir: /dev/shm } }\n  A: { path: /x }\n',
      /no `path` of a single secret/,
    ],
    [
      'a file elsewhere',
      '  source: { files: { dir: /dev/shm } }\n  A: { key: ../x }\n',
      /the name of a file/,
    ],
  ])('refuses %s', async (_, secrets, why) => {
    await using folder = await castleFolder(`${head}${secrets}`);
    const error = await loadCastle(folder.file).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(PhoenixError);
    expect(explain(error as PhoenixError)).toMatch(why);
  });
});

describe('durations', () => {
  const within = async (text: string) => {
    await using folder = await castleFolder(
      `version: 1\ncastle: t\nlive: live/tazlab\nlayers: { platform: { timeout: ${text} } }\n`,
    );
    return layerSettings(await loadCastle(folder.file), 'platform').timeoutSeconds;
  };

  test.each([
    ['8m43s', 523],
    ['90s', 90],
    ['1h', 3600],
    ['1h1m1s', 3661],
    ['8:43', 523],
    ['1:02:03', 3723],
    ['24h', 86400],
  ])('%s is %d seconds', async (text, seconds) => {
    expect(await within(text)).toBe(seconds);
  });

  test.each([
    '8m43',
    '-1',
    '60',
    '0s',
    '8:99',
    '25h',
    '99999h',
    '"8m 43s"',
    '""',
    '1.5h',
    '5ms',
    '~',
    '[1m]',
  ])('%s is refused with the accepted forms', async (text) => {
    const error = await within(text).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'PHX-CASTLE-VALUE', class: 'input', at: { line: 4, column: 32 } });
    for (const form of ['`8m43s`', '`90s`', '`1h`', '`8:43`']) {
      expect((error as { why: string }).why).toContain(form);
    }
  });
});

describe('a mistake in a castle file', () => {
  test.each([
    ['an unknown key', 'castle: tazlab', 'castel: tazlab', 'UNKNOWN-KEY', 2, 1, /Did you mean `castle`/],
    ['an unknown key of a layer', 'stall:', 'stal:', 'UNKNOWN-KEY', 14, 28, /Did you mean `stall`/],
    ['an unknown tool', 'opentofu:', 'opentofo:', 'UNKNOWN-KEY', 5, 14, /Did you mean `opentofu`/],
    ['an unknown key of a pin', 'path: ^1', 'pth: ^1', 'UNKNOWN-KEY', 5, 60, /Did you mean `path`/],
    [
      'an unknown key in a milestone',
      'contains:',
      'contain:',
      'UNKNOWN-KEY',
      19,
      96,
      /Did you mean `contains`/,
    ],
    ['a misspelt source', '  source:', '  sorce:', 'UNKNOWN-KEY', 8, 3, /Did you mean `source`/],
    ['a secret in lower case', '  S3_KEY:', '  s3_key:', 'UNKNOWN-KEY', 11, 3, /Known here: source/],
    ['a wrong engine', 'engine: tofu', 'engine: tofo', 'VALUE', 4, 9, /Did you mean `tofu`/],
    [
      'a wrong class of retry',
      'proxmox-lock',
      'proxmox-look',
      'VALUE',
      14,
      53,
      /Did you mean `proxmox-lock`/,
    ],
    [
      'a version that YAML reads as a number',
      '1.12.6',
      '1.12',
      'VALUE',
      5,
      24,
      /exact version such as `1.12.6`/,
    ],
    ['a range that is none', '^1.33.0', 'newest', 'VALUE', 5, 66, /range of versions/],
    ['another version of the format', 'version: 1\n', 'version: 2\n', 'VALUE', 1, 10, /Expected `1`/],
    ['a list for a map', 'kubeconfig: {', 'kubeconfig: [{', 'YAML', 15, 1, /./],
    ['text for a list', 'env: [TF_VAR_region]', 'env: TF_VAR_region', 'VALUE', 6, 6, /Expected a list/],
    ['an empty value', 'live: live/tazlab', 'live:', 'VALUE', 3, 1, /Expected a path/],
    ['a missing key', 'tag: phoenix, ', '', 'MISSING-KEY', 21, 1, /must give it/],
    [
      'two of a kind',
      'project-id: the-project',
      'project-id: a, project-slug: b',
      'VALUE',
      9,
      16,
      /either `project-id` or/,
    ],
    ['a check of no kind', '{ kustomizations: all }', '{}', 'VALUE', 20, 34, /exactly one of/],
    ['VM ids the wrong way round', '421-432', '432-421', 'VALUE', 21, 19, /VM ids from 100/],
    [
      'an address without TLS',
      'https://eu.infisical.com',
      'http://eu.infisical.com',
      'VALUE',
      9,
      24,
      /https:\/\/ address/,
    ],
    ['a percentage above 100', '2%', '200%', 'VALUE', 22, 51, /percentage/],
    [
      'a layer that climbs',
      'layers: [platform]',
      'layers: [../platform]',
      'VALUE',
      10,
      36,
      /Expected a layer/,
    ],
    ['a key twice', 'engine: tofu', 'live: again', 'DUPLICATE-KEY', 4, 1, /already at 3:1/],
    ['a tab for an indent', '  source:', '\tsource:', 'YAML', 8, 1, /./],
    ['a tag of a program', 'engine: tofu', 'engine: !run tofu', 'YAML', 4, 9, /tag/i],
  ])('%s is shown with its place', async (_, from, to, code, line, column, why) => {
    const error = await brokenCastle(from, to);
    expect(explain(error)).toContain('\n  next: ');
    expect(error).toMatchObject({ code: `PHX-CASTLE-${code}`, exitCode: 2 });
    expect(error.why).toMatch(why);
    if (code !== 'YAML') expect(error.at).toMatchObject({ line, column });
    else expect(error.at?.line).toBeGreaterThanOrEqual(line);
  });

  test('does not hide the others', async () => {
    const error = await brokenCastle('8m43s', '8m43', ['stall:', 'stal:'], ['vmids: 421-432', 'vmids: all']);
    expect(error.at).toMatchObject({ line: 14 });
    expect(error.what).toBe('`stal` is no key of `layers.platform`.');
    expect(error.why).toContain('\n        19:20  `milestones.blog.within` is `8m43`. Expected a duration');
    expect(error.why).toContain('\n        21:19  `destroy.vmids` is `all`. Expected VM ids');
  });

  test('never prints what stands where a secret may have been pasted', async () => {
    const pasted = 'ghp_0123456789abcdef';
    const errors = [
      await brokenCastle('token: GITHUB_TOKEN', `token: ${pasted}`),
      await brokenCastle('{ layers: [platform], as: tfvar }', pasted),
      await brokenCastle('https://eu.infisical.com', `https://user:${pasted}@eu.infisical.com`),
      await brokenCastle('https://blog.example', `https://user:${pasted}@blog.example`),
      await brokenCastle('https://github.com/tazzo', `https://${pasted}@github.com/tazzo`),
    ];
    for (const error of errors) {
      expect(error.code).toBe('PHX-CASTLE-VALUE');
      expect(explain(error)).not.toContain(pasted);
    }
  });

  test('is a claim without a kubeconfig or without a source of secrets', async () => {
    const noKubeconfig = await brokenCastle('kubeconfig: { layer: platform }', '');
    expect(noKubeconfig.why).toContain('`kubeconfig`');
    const noSource = await brokenCastle(/ {2}source:\n.*\n/, '');
    expect(noSource.why).toContain('`secrets.source`');
  });
});

describe('layers that the plan does not have', () => {
  test('are shown wherever the castle file names them, with a near match', async () => {
    await using folder = await castleFolder(wholeCastle);
    const castle = await loadCastle(folder.file);
    expect(unknownLayers(castle, ['platform', 'engine', 'storage'])).toBeUndefined();
    const error = unknownLayers(castle, ['platforms', 'engine', 'storage']);
    expect(error).toMatchObject({ code: 'PHX-CASTLE-LAYER-UNKNOWN', at: { line: 10, column: 36 } });
    expect(error?.why).toContain('Did you mean `platforms`?');
    expect(error?.why).toContain('\n        14:3  ');
    expect(error?.why).toContain('\n        15:22  ');
  });
});
