import { expect, it } from 'vitest';
import type { StandInConfig } from '../../src/rehearsal/stand-ins/registry.ts';
import { eventually, openTestBox } from '../support/box.ts';

const requestToken = 'request-token-0123456789';
const issuer = 'http://github-oidc.box.invalid';
const configs: readonly StandInConfig[] = [
  { kind: 'github-oidc', config: { requestToken, job: { repository: 'phoenix-box/castle' } } },
  {
    kind: 'infisical',
    config: {
      project: { id: 'project', slug: 'castle' },
      identities: [{ id: 'runner', oidc: { discoveryUrl: issuer, boundIssuer: issuer } }],
      secrets: [],
    },
  },
];
const standIns = configs.map((config) => ({ name: config.kind, config }));

it("the stand-ins of a box know each other by name: Infisical takes a token of the box's own issuer", async () => {
  await using world = await openTestBox({ tools: new Map(), standIns });
  const authorization = `Bearer ${requestToken}`;
  const given = await fetch(world.box.standIns.get('github-oidc')?.main ?? '', {
    headers: { authorization },
  });
  const { value: jwt } = (await given.json()) as { value: string };
  const login = await fetch(`${world.box.standIns.get('infisical')?.url}/api/v1/auth/oidc-auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ identityId: 'runner', jwt }),
  });
  expect(login.status).toBe(200);
});

it.each(['github-oidc', 'infisical'])('the death of the stand-in %s is told by its name', async (name) => {
  await using world = await openTestBox({ tools: new Map(), standIns });
  const { pid } = (await world.box.processes()).find((process) => process.name === name) ?? { pid: 0 };
  process.kill(pid, 'SIGKILL');
  await eventually('its death is told', 30, async () => world.deaths.length > 0);
  expect(world.deaths).toEqual([{ name, how: expect.stringContaining('SIGKILL') }]);
});

it('a stand-in ends with the box, and nothing of it is told', async () => {
  const world = await openTestBox({ tools: new Map(), standIns });
  const { url } = world.box.standIns.get('infisical') ?? { url: '' };
  await world[Symbol.asyncDispose]();
  await expect(fetch(url)).rejects.toThrow();
  expect(world.deaths).toEqual([]);
});
