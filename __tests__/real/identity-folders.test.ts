import { describe, expect, test } from 'vitest';
import { explain } from '../../src/errors.ts';
import { openWorld, projectId, refusal, type World } from '../support/identity-world.ts';

const lists = (world: World) =>
  world.infisical.requests.filter(({ path }) => path === '/api/v4/secrets').map(({ status }) => status);

const more = [
  { environment: 'prod', path: '/db/main', key: 'DB_PASSWORD', value: 'password-of-the-database' },
  { environment: 'prod', path: '/db/spare', key: 'DB_USER', value: 'user-of-the-spare' },
  { environment: 'prod', path: '/db/main', key: 'DB_USER', value: 'user-of-the-main' },
  { environment: 'prod', path: '/database', key: 'NOT_BELOW', value: 'a-name-that-only-begins-alike' },
];

describe('secrets in several folders', () => {
  test('are read with one request a folder, each from exactly the one that it names', async () => {
    await using world = await openWorld({ more });
    await using session = await world.logIn({
      folders: new Map([
        ['DB_USER', '/db/spare'],
        ['DB_PASSWORD', '/db/main'],
      ]),
    });
    const values = await session.fetch(['GITHUB_TOKEN', 'DB_USER', 'DB_PASSWORD', 'TLS_KEY']);
    expect(values.get('DB_USER')).toBe('user-of-the-spare');
    expect(values.get('DB_PASSWORD')).toBe('password-of-the-database');
    expect([...values.keys()].toSorted()).toEqual(['DB_PASSWORD', 'DB_USER', 'GITHUB_TOKEN', 'TLS_KEY']);
    expect(lists(world)).toEqual([200, 200, 200]);
    expect(world.secrets).not.toContain('user-of-the-main');
  });

  test('are not looked for elsewhere, and the error names the folder', async () => {
    await using world = await openWorld({ more });
    await using session = await world.logIn({ folders: new Map([['DB_PASSWORD', '/db/spare']]) });
    const error = await refusal(session.fetch(['GITHUB_TOKEN', 'DB_PASSWORD']), world.secrets);
    expect(error.what).toBe(
      `Infisical has no DB_PASSWORD in project ${projectId}, environment prod, path /db/spare.`,
    );
  });

  test('are found below the usual one with `recursive`, and without it are not', async () => {
    await using world = await openWorld({ more });
    await using flat = await world.logIn({ path: '/db' });
    expect((await refusal(flat.fetch(['DB_PASSWORD']), world.secrets)).code).toBe('PHX-SECRET-MISSING');
    await using deep = await world.logIn({ path: '/db', recursive: true });
    expect([...(await deep.fetch(['DB_PASSWORD']))]).toEqual([['DB_PASSWORD', 'password-of-the-database']]);
    // `/database` begins like `/db`, and does not lie below it.
    expect((await refusal(deep.fetch(['NOT_BELOW']), world.secrets)).code).toBe('PHX-SECRET-MISSING');
  });

  test('of the same name below one are refused, both named, until one is said to be meant', async () => {
    await using world = await openWorld({ more });
    await using session = await world.logIn({ recursive: true });
    const error = await refusal(session.fetch(['GITHUB_TOKEN']), world.secrets);
    expect(explain(error)).toBe(
      [
        `PHX-SECRET-AMBIGUOUS: Infisical has GITHUB_TOKEN more than once in project ${projectId}, environment prod, path / and below: in / and /shared.`,
        '  why:  With `recursive: true` all folders are read, and which of these is meant cannot be told.',
        '  next: Name the folder in the castle file: `GITHUB_TOKEN: { path: / }`.',
      ].join('\n'),
    );
    await using meant = await world.logIn({
      recursive: true,
      folders: new Map([['GITHUB_TOKEN', '/shared']]),
    });
    expect([...(await meant.fetch(['GITHUB_TOKEN', 'DB_PASSWORD'])).values()].toSorted()).toEqual([
      'imported-and-beaten',
      'password-of-the-database',
    ]);
  });

  test('are read by API v3 and by the slug alike', async () => {
    await using world = await openWorld({ more, faults: ['infisical:no-v4'] });
    await using session = await world.logIn({
      project: { slug: 'castle-x1y2' },
      folders: new Map([['DB_USER', '/db/main']]),
    });
    expect((await session.fetch(['DB_USER', 'TLS_KEY'])).get('DB_USER')).toBe('user-of-the-main');
  });
});
