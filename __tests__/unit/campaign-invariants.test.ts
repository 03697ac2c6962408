import { spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Aftermath, brokenInvariants } from '../../campaign/invariants.ts';
import { makePlace, type Place } from '../../campaign/place.ts';
import type { Scenario, WayName } from '../../campaign/scenario.ts';
import { lockFile, stateFile, traceFile } from '../../campaign/state-files.ts';
import { endAll } from '../support/processes.ts';
import type { JobRecord } from '../support/runner/job.ts';

const canary = 'canary-of-the-invariants';
const scenario: Scenario = {
  seed: 1,
  index: 0,
  layers: [{ name: 'engine', dependencies: [], objects: { 'engine-1': 0.1 } }],
  secretLayer: 'engine',
  backend: 'http',
  strike: 'cancel',
  share: 0.5,
  gapSeconds: 0,
  which: 0,
  drainSeconds: 0,
};

const state = (serial: number, lineage: string, ...objects: string[]) =>
  JSON.stringify({
    serial,
    lineage,
    resources: [{ mode: 'managed', instances: objects.map((name) => ({ index_key: name })) }],
  });

function record(more: Partial<JobRecord> = {}): JobRecord {
  const ended = { code: 0, signal: null, seconds: 1, outputClosed: true };
  return {
    log: '',
    rawLog: '',
    result: 'success',
    main: ended,
    mainGoneMs: 1000,
    post: ended,
    signals: [],
    outputs: new Map(),
    summary: '',
    swept: [],
    seconds: 1,
    ...more,
  };
}

let place: Place;

/** A world in which all is well. */
beforeEach(async () => {
  place = await makePlace('invariants');
  await writeFile(join(place.cloud, 'engine-1'), '');
  await writeFile(stateFile(place.served, 'engine'), state(2, 'line', 'engine-1'));
  await writeFile(join(place.secrets, 'TOKEN'), canary);
  await report('reborn', 'applied');
});

afterEach(() => place[Symbol.asyncDispose]());

function report(verdict: string, layer: string): Promise<void> {
  const text = JSON.stringify({ verdict, layers: [{ name: 'engine', verdict: layer }], error: null });
  return writeFile(join(place.repository, 'phoenix-report.json'), text);
}

async function broken(more: Partial<Aftermath> = {}, way: WayName = 'phoenix'): Promise<[string, string][]> {
  const nothing = { way, scenario, place, canary, first: record(), next: record(), between: new Map() };
  return [...(await brokenInvariants({ ...nothing, ...more }))];
}

describe('the invariants', () => {
  it('hold where all is well', async () => {
    expect(await broken()).toEqual([]);
  });

  it('INV1 sees a process that works in one of the folders, though its environment is empty', async () => {
    spawn('sleep', ['30'], { cwd: place.repository, env: {}, stdio: 'ignore' });
    expect(await broken()).toEqual([['INV1', expect.stringMatching(/^\d+ lives: sleep 30$/)]]);
    expect(await endAll(place.mark)).toBe(1);
  });

  it('INV2 sees a vault that is left', async () => {
    await mkdir(join(place.vaultRoot, 'phoenix-vault-1'));
    expect(await broken()).toEqual([['INV2', 'phoenix-vault-1 is left']]);
  });

  it('INV3 sees a lock; one that was reported with its command is forgiven to all but Phoenix', async () => {
    await writeFile(lockFile(place.served, 'engine'), '{"ID":"4711"}');
    const locked = [['INV3', 'the state of engine is locked (4711)']];
    expect(await broken({}, 'tg')).toEqual(locked);
    const next = record({ log: 'run: tofu force-unlock 4711' });
    expect(await broken({ next }, 'tg')).toEqual([]);
    expect(await broken({ next })).toEqual(locked);
  });

  it('INV3 sees the lock that the local backend leaves', async () => {
    const local = { ...scenario, backend: 'local' as const };
    await writeFile(stateFile(place.states, 'engine'), state(2, 'line', 'engine-1'));
    await writeFile(join(place.states, '.engine.tfstate.lock.info'), '{"ID":"12"}');
    expect(await broken({ scenario: local })).toEqual([['INV3', 'the state of engine is locked (12)']]);
  });

  it('INV4 sees a thing that exists and is in no state', async () => {
    await writeFile(stateFile(place.served, 'engine'), state(2, 'line'));
    expect(await broken()).toEqual([['INV4', 'engine-1 exists, and the state of engine does not know it']]);
  });

  it('INV4 sees another lineage, a serial that fell, and an errored.tfstate', async () => {
    const trace = { at: 1, what: 'written', name: 'engine', serial: 9, lineage: 'older' };
    await writeFile(traceFile(place.served), `${JSON.stringify(trace)}\n`);
    await writeFile(join(place.repository, 'errored.tfstate'), '{}');
    expect(await broken()).toEqual([
      [
        'INV4',
        'the state of engine has another lineage than before; the state of engine fell from serial 9 to 2; ' +
          'repository/errored.tfstate is left',
      ],
    ]);
  });

  it('INV5 sees the secret in a file, encoded or not, and in a log', async () => {
    await writeFile(join(place.temp, 'crash'), `x${Buffer.from(canary).toString('base64')}`);
    const [[name, how] = []] = await broken({ next: record({ log: `oops ${canary}` }) });
    expect(name).toBe('INV5');
    expect(how).toContain('tmp/crash has it (base64+0)');
    expect(how).toContain('the log of run 2 has it (raw)');
  });

  it('INV6 sees a run that failed, one that only says it succeeded, and a verdict that says otherwise', async () => {
    const next = record({ main: { code: 7, signal: null, seconds: 1, outputClosed: true } });
    expect(await broken({ next })).toEqual([['INV6', 'the next run ended with 7']]);
    await report('failed', 'skipped');
    expect(await broken()).toEqual([['INV6', 'its verdict is failed; engine is skipped']]);
    await rm(join(place.cloud, 'engine-1'));
    expect(await broken({}, 'bash')).toEqual([['INV6', 'engine-1 was never made']]);
  });
});
