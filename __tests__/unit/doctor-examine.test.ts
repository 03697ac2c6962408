import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadCastle } from '../../src/castle/load.ts';
import {
  type Check,
  type Finding,
  failed,
  ok,
  type Subject,
  skipped,
  warning,
} from '../../src/doctor/check.ts';
import { checks } from '../../src/doctor/checks.ts';
import { chosen, examine } from '../../src/doctor/examine.ts';
import { planOnce } from '../../src/doctor/planned.ts';
import { countsOf, shownChecks } from '../../src/doctor/words.ts';
import { PhoenixError } from '../../src/errors.ts';
import { silentLog } from '../../src/log.ts';
import { createRedactor } from '../../src/vault/redact.ts';

const check = (id: string, look: () => Promise<Finding>): Check => ({ id, why: `it is ${id}`, look });
const sees = (id: string, finding: Finding) => check(id, async () => finding);

const nowhere = new PhoenixError({
  ...{ code: 'PHX-CASTLE-MISSING', class: 'input', what: 'There is none.', why: 'None.', next: 'Write one.' },
});

const subject = (signal: AbortSignal): Omit<Subject, 'signal'> => ({
  castleFile: 'phoenix.yaml',
  castle: nowhere,
  planned: async () => skipped('there is no castle'),
  edge: {
    ...{
      env: {},
      cwd: '/',
      home: '/',
      self: [],
      printed: { keepIn() {}, leave() {} },
      onRun() {},
      onCancel: 'drain' as const,
    },
    ...{ log: silentLog, redactor: createRedactor(), fetch: globalThis.fetch, signal },
  },
});

const examined = (all: readonly Check[], signal = new AbortController().signal) =>
  examine(all, subject(signal), signal);

test('the plan is made once, however many checks ask for it', async () => {
  const { edge } = subject(new AbortController().signal);
  const tools = await mkdtemp(join(tmpdir(), 'phoenix-no-tools-'));
  const castle = await loadCastle(join(import.meta.dirname, '../../castle/live/box/phoenix.yaml'));
  const planned = planOnce(castle, { ...edge, env: { RUNNER_TOOL_CACHE: tools, PATH: '' } });
  const [first, second] = await Promise.all([planned(), planned()]);
  expect(first).toMatchObject({ status: 'skipped', saw: expect.stringContaining('not installed yet') });
  expect(second).toBe(first);
  expect(await planned()).toBe(first);
  await rm(tools, { recursive: true });
});

describe('the checks', () => {
  test('have ids of their own, each in a group, and a reason that people can read', () => {
    const ids = checks.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, why } of checks) {
      expect(id).toMatch(/^[a-z]+\.[a-z0-9-]+$/);
      expect(why).toMatch(/^[A-Z].{20,}\.$/);
    }
  });

  test('are chosen by id and by group, in their own order; all where none is named', () => {
    const ids = (names: readonly string[]) => chosen(checks, names).map(({ id }) => id);
    expect(ids([])).toEqual(checks.map(({ id }) => id));
    expect(ids(['vault', 'castle.file'])).toEqual(['castle.file', 'vault.ram', 'vault.swap', 'vault.cores']);
  });

  test('that do not exist are refused with the near name', () => {
    expect(() => chosen(checks, ['vault.swop'])).toThrow(
      expect.objectContaining({
        code: 'PHX-DOCTOR-CHECK-UNKNOWN',
        why: expect.stringContaining('Did you mean `vault.swap`?'),
      }),
    );
    // `file` is a name after the dot, and none before it.
    expect(() => chosen(checks, ['file'])).toThrow(PhoenixError);
  });
});

describe('an examination', () => {
  test('makes a failure of what a check throws, whatever that is, and lets the others be', async () => {
    const all = await examined([
      check('a.error', async () => {
        throw nowhere;
      }),
      check('a.string', async () => {
        throw 'a word';
      }),
      sees('a.well', ok('well')),
    ]);
    expect(all.map(({ id, status, saw }) => [id, status, saw])).toEqual([
      ['a.error', 'failed', 'PHX-CASTLE-MISSING: There is none.'],
      ['a.string', 'failed', 'PHX-INTERNAL: Phoenix met an error that it does not know.'],
      ['a.well', 'ok', 'well'],
    ]);
    expect(all[0]).toMatchObject({ why: 'None.', next: 'Write one.' });
    expect(countsOf(all)).toEqual({ ok: 1, warning: 0, failed: 2, skipped: 0 });
  });

  test('ends though a check never answers, which then failed, and tells the check to stop', async () => {
    let told: AbortSignal | undefined;
    const hangs: Check = {
      ...{ id: 'a.hangs', why: 'It hangs.' },
      look({ signal }) {
        told = signal;
        return new Promise(() => {});
      },
    };
    const { signal } = new AbortController();
    const [said] = await examine([hangs], subject(signal), signal, 20);
    expect(said).toMatchObject({ status: 'failed', saw: 'no answer within 0.02 s' });
    expect(told?.aborted).toBe(true);
  });

  test('that is cancelled ends at once with the reason, though a check never answers', async () => {
    const stop = new AbortController();
    const looking = examined([check('a.hangs', () => new Promise<Finding>(() => {}))], stop.signal);
    stop.abort(nowhere);
    await expect(looking).rejects.toBe(nowhere);
  });

  test('shows why and next below a warning and a failure, and of a skipped check why it was', async () => {
    const all = await examined([
      sees('a.well', ok('well')),
      sees('a.so-so', warning('so\nso \u001b[31mred', 'do it')),
      sees('a.bad', failed('bad', 'do that')),
      sees('a.none', skipped('nothing to look at')),
    ]);
    expect(shownChecks(all)).toEqual([
      'a.well  ok      well',
      'a.so-so warning so so red',
      '                why:  it is a.so-so',
      '                next: do it',
      'a.bad   failed  bad',
      '                why:  it is a.bad',
      '                next: do that',
      'a.none  skipped nothing to look at',
    ]);
  });
});

test('docs/doctor.md lists exactly the checks, in their order', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/doctor.md'), 'utf8');
  const listed = [...page.matchAll(/^\| `([a-z]+\.[a-z0-9-]+)` \|/gm)].map(([, id]) => id);
  expect(listed).toEqual(checks.map(({ id }) => id));
});
