import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explain, PhoenixError } from '../../src/errors.ts';
import { refuseForeignJobs } from '../../src/identity/policy.ts';
import { openWorld, requestToken, type World } from '../support/identity-world.ts';
import { smallCastle } from '../support/small-castle.ts';
import { type World as Place, warmTools } from '../support/world.ts';

const own = { full_name: 'tazzo/castle', fork: false, default_branch: 'main' };
const run = {
  event: 'push',
  head_branch: 'main',
  head_repository: { full_name: 'tazzo/castle' },
};
const main = 'refs/heads/main';

interface Case {
  readonly name: string;
  readonly event: string;
  readonly ref?: string;
  readonly payload?: unknown;
  readonly allowed?: readonly string[];
  readonly code: string;
  /** Of the words of the error. */
  readonly says: string;
}

const refused: readonly Case[] = [
  ...[
    'pull_request',
    'pull_request_target',
    'pull_request_review',
    'issue_comment',
    'issues',
    'discussion_comment',
    'fork',
    'watch',
    'check_suite',
    'merge_group',
    'event_of_tomorrow',
  ].map((foreign) => ({
    name: `the event ${foreign}`,
    event: foreign,
    payload: { repository: own },
    code: 'PHX-IDENTITY-EVENT',
    says: `A run for the event ${foreign} gets no secrets and rebuilds nothing.`,
  })),
  {
    name: 'a workflow_run that goes on with the work of a fork, on a branch of the same name',
    event: 'workflow_run',
    payload: {
      repository: own,
      workflow_run: { ...run, head_repository: { full_name: 'mallory/castle' } },
    },
    code: 'PHX-IDENTITY-FORK',
    says: 'goes on with the work of `mallory/castle`',
  },
  {
    name: 'a workflow_run of a fork that is deleted by now',
    event: 'workflow_run',
    payload: { repository: own, workflow_run: { ...run, head_repository: null } },
    code: 'PHX-IDENTITY-FORK',
    says: 'a repository that the event does not name',
  },
  {
    name: 'a workflow_run without its run',
    event: 'workflow_run',
    payload: { repository: own },
    code: 'PHX-IDENTITY-FORK',
    says: 'a repository that the event does not name',
  },
  {
    name: 'a workflow_run of another branch of the own repository',
    event: 'workflow_run',
    payload: { repository: own, workflow_run: { ...run, head_branch: 'feature' } },
    code: 'PHX-IDENTITY-REF',
    says: 'A run for the branch `refs/heads/feature` of the workflow before it gets no secrets',
  },
  {
    name: 'a workflow_run after a pull request',
    event: 'workflow_run',
    payload: { repository: own, workflow_run: { ...run, event: 'pull_request' } },
    code: 'PHX-IDENTITY-EVENT',
    says: 'A run for the event workflow_run after pull_request gets no secrets',
  },
  {
    name: 'a push in a fork',
    event: 'push',
    payload: { repository: { ...own, full_name: 'mallory/castle', fork: true } },
    code: 'PHX-IDENTITY-FORK',
    says: 'A run in mallory/castle, which is a fork, gets no secrets',
  },
  {
    name: 'a push to another branch',
    event: 'push',
    ref: 'refs/heads/feature',
    payload: { repository: own },
    code: 'PHX-IDENTITY-REF',
    says: 'The castle is rebuilt from refs/heads/main only.',
  },
  {
    name: 'a branch whose name only begins like an allowed one',
    event: 'push',
    ref: 'refs/heads/main-evil',
    payload: { repository: own },
    code: 'PHX-IDENTITY-REF',
    says: '`refs/heads/main-evil`',
  },
  {
    name: 'a tag that is called like the branch',
    event: 'push',
    ref: 'refs/tags/main',
    payload: { repository: own },
    code: 'PHX-IDENTITY-REF',
    says: '`refs/tags/main`',
  },
  {
    name: 'a dispatch on a ref that the castle file does not list, be it the default branch',
    event: 'workflow_dispatch',
    payload: { repository: own },
    allowed: ['refs/heads/castle', 'refs/tags/v*'],
    code: 'PHX-IDENTITY-REF',
    says: 'The castle is rebuilt from refs/heads/castle, refs/tags/v* only.',
  },
  {
    name: 'a job without a ref',
    event: 'push',
    ref: '',
    payload: { repository: own },
    code: 'PHX-IDENTITY-REF',
    says: 'the ref ``',
  },
  {
    name: 'a payload that is no JSON',
    event: 'push',
    payload: undefined,
    code: 'PHX-IDENTITY-PAYLOAD',
    says: 'It is no JSON object.',
  },
  {
    name: 'a payload whose fork is no answer to the question',
    event: 'push',
    payload: { repository: { ...own, fork: 'no' } },
    code: 'PHX-IDENTITY-PAYLOAD',
    says: '`repository.fork` in it is not what GitHub writes there.',
  },
];

const taken: readonly (Omit<Case, 'code' | 'says'> & { readonly box?: boolean })[] = [
  { name: 'a push to the default branch', event: 'push', payload: { repository: own } },
  {
    name: 'a schedule, whose payload names no repository',
    event: 'schedule',
    payload: { schedule: '0 3 * * *' },
  },
  {
    name: 'a push to the default branch of another name',
    event: 'push',
    ref: 'refs/heads/trunk',
    payload: { repository: { ...own, default_branch: 'trunk' } },
  },
  {
    name: 'a tag below an allowed beginning',
    event: 'release',
    ref: 'refs/tags/v1.2',
    payload: { repository: own },
    allowed: ['refs/tags/v*'],
  },
  {
    name: 'a workflow_run of the own default branch',
    event: 'workflow_run',
    payload: { repository: own, workflow_run: run },
  },
  { name: 'a pull request that rehearses in the box', event: 'pull_request', payload: {}, box: true },
];

let world: World;
let folder: string;
beforeAll(async () => {
  await warmTools(['tofu', 'terragrunt']);
  world = await openWorld();
  folder = await mkdtemp(join(tmpdir(), 'phoenix-policy-'));
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function jobOf({ event: name, ref = main, payload }: Pick<Case, 'event' | 'ref' | 'payload'>) {
  const file = join(folder, 'event.json');
  await writeFile(file, payload === undefined ? '{"repository":' : JSON.stringify(payload));
  return {
    GITHUB_ACTIONS: 'true',
    GITHUB_EVENT_NAME: name,
    GITHUB_EVENT_PATH: file,
    GITHUB_REPOSITORY: 'tazzo/castle',
    GITHUB_REF: ref,
    ACTIONS_ID_TOKEN_REQUEST_URL: world.github.requestUrl,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
  };
}

const castleOf = (allowed: readonly string[] | undefined, inBox = false) => ({
  box: inBox && { doors: [] },
  secrets: { source: undefined, list: [] },
  ...(allowed === undefined ? {} : { allowedRefs: allowed }),
});

const refusalOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof PhoenixError ? thrown : undefined),
  );

describe('a job gets no secrets for', () => {
  test.each(refused)('$name: $code', async ({ code, says, allowed, ...job }) => {
    const error = await refusalOf(refuseForeignJobs(await jobOf(job), castleOf(allowed)));
    expect(error).toMatchObject({ code, exitCode: 4 });
    expect(error && explain(error)).toContain(says);
  });

  test('a payload that is not there, with the reason', async () => {
    const env = await jobOf({ event: 'push', payload: {} });
    const gone = { ...env, GITHUB_EVENT_PATH: join(folder, 'none.json') };
    expect(await refusalOf(refuseForeignJobs(gone))).toMatchObject({
      code: 'PHX-IDENTITY-PAYLOAD',
      why: 'The file that GITHUB_EVENT_PATH names could not be read (ENOENT).',
    });
    expect(await refusalOf(refuseForeignJobs({ ...env, GITHUB_EVENT_PATH: '' }))).toMatchObject({
      why: 'GITHUB_EVENT_PATH is not set.',
    });
  });

  test('a castle of the box that takes its secrets from files of this machine', async () => {
    const castle = {
      ...castleOf(undefined, true),
      secrets: { source: { kind: 'files' as const, dir: '/dev/shm' }, list: [] },
    };
    const error = await refusalOf(
      refuseForeignJobs(await jobOf({ event: 'pull_request', payload: {} }), castle),
    );
    expect(error?.code).toBe('PHX-IDENTITY-EVENT');
  });
});

describe('a job may go on for', () => {
  test.each(taken)('$name', async ({ allowed, box, ...job }) => {
    expect(await refuseForeignJobs(await jobOf(job), castleOf(allowed, box))).toMatch(
      /^(the event|a castle)/,
    );
  });

  test('what is no job of GitHub', async () => {
    expect(await refuseForeignJobs({})).toBe('not started by an event of GitHub');
  });
});

describe('a refused rebirth', () => {
  let place: Place;
  beforeAll(async () => {
    place = await smallCastle({ first: { main: '' } });
    await place.write({
      'phoenix.yaml': [
        'version: 1',
        'castle: small',
        'live: live',
        'secrets:',
        `  source: { infisical: { host: '${world.infisical.url}', identity-id: x, project-id: y, environment: prod } }`,
        '  A_SECRET: { layers: [first] }',
        '',
      ].join('\n'),
    });
  });
  afterAll(() => place[Symbol.asyncDispose]());

  const representatives = refused.filter(
    ({ code, allowed }, index) =>
      allowed === undefined && refused.findIndex((other) => other.code === code) === index,
  );

  test.each(representatives)(
    'for $name has asked the issuer nothing, and doctor says the same',
    async (one) => {
      const env = await jobOf(one);
      const ended = await place.run(['rebirth'], env);
      expect(ended.code).toBe(4);
      expect(ended.output).toContain(one.code);
      const doctor = await place.run(['doctor', '--only', 'event.foreign', '--json'], env);
      expect(doctor.code).toBe(2);
      expect(doctor.stdout).toContain(one.code);
      expect([...world.github.requests, ...world.infisical.requests]).toEqual([]);
    },
  );

  test('is told from one that is not: that asks the issuer, and Infisical knows no such identity', async () => {
    const env = await jobOf({ event: 'push', payload: { repository: own } });
    const ended = await place.run(['rebirth'], env);
    expect(ended.output).toContain('PHX-INFISICAL-NO-OIDC');
    expect(world.github.requests.map(({ status }) => status)).toEqual([200]);
  });
});
