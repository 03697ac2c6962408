import { readdir } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Holder } from '../../src/journal/holders.ts';
import type { EngineContext } from '../../src/locks/ask-engine.ts';
import { parseStoredLock } from '../../src/locks/lock-info.ts';
import { probeLock } from '../../src/locks/probe.ts';
import { settleLock } from '../../src/locks/settle.ts';
import { silentLog } from '../../src/log.ts';
import { type HttpBackend, startHttpBackend } from '../support/backends/http.ts';
import { here, type LockedLayer, lockedLayer } from '../support/backends/locked-layer.ts';
import { eventually } from '../support/box.ts';
import { rejection, temporaryFolder } from '../support/folder.ts';
import { processesOf } from '../support/processes.ts';
import { warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

const settle = (layer: LockedLayer, holders: readonly Holder[], other: Partial<EngineContext> = {}) =>
  settleLock(layer.context(other), 'platform', holders, here, silentLog);

/** A dead engine of ours that could have taken any lock at any time. */
const anyTime: Holder = {
  ...here,
  run: 'r',
  layer: 'platform',
  from: 0,
  to: Number.POSITIVE_INFINITY,
  alive: false,
  how: 'all engines are gone',
};

const foreign = {
  ID: '0d9a7f4e-foreign',
  Operation: 'OperationTypeApply',
  Info: '',
  Who: 'runner@elsewhere',
  Version: '1.12.6',
  Created: '2026-11-24T09:00:00Z',
  Path: '',
};

function writes({ seen }: HttpBackend): number {
  return seen.filter(({ method }) => method === 'POST').length;
}

describe('to ask for a lock', () => {
  it('takes it, gives it back, and writes nothing', async () => {
    await using backend = await startHttpBackend();
    await using layer = await lockedLayer(backend.block('platform'));
    const [versions, before] = [backend.versions('platform').length, backend.seen.length];
    expect(await probeLock(layer.context())).toEqual({ state: 'free' });
    expect(backend.seen.slice(before).map(({ method }) => method)).toEqual(['LOCK', 'GET', 'UNLOCK']);
    expect(backend.versions('platform')).toHaveLength(versions);
    expect(backend.lock('platform')).toBeUndefined();
  });

  it('goes through Terragrunt where the folder of the engine is not known, or is gone', async () => {
    await using backend = await startHttpBackend();
    await using layer = await lockedLayer(backend.block('platform'));
    await using empty = await temporaryFolder();
    const { engineDir: _, ...unknown } = layer.context();
    expect(await probeLock(unknown)).toEqual({ state: 'free' });
    expect(await probeLock(layer.context({ engineDir: `${empty.dir}/gone` }))).toEqual({ state: 'free' });
    backend.plant('platform', foreign);
    const held = { state: 'held', backend: 'http', direct: false, lock: { who: 'runner@elsewhere' } };
    const probe = await probeLock(unknown);
    expect(probe).toMatchObject(held);
    // The folder is taken from Terragrunt's words: it decides which engines may share the state.
    expect(await readdir('dir' in probe ? (probe.dir ?? '') : '')).toContain('.terraform');
  });

  it('at a backend that fails says why, and takes that neither for free nor for held', async () => {
    await using backend = await startHttpBackend();
    await using layer = await lockedLayer(backend.block('platform'));
    backend.answer(['LOCK'], 503);
    expect(await probeLock(layer.context())).toMatchObject({ state: 'unknown' });
    expect(await settle(layer, [anyTime])).toMatchObject({
      status: 'unknown',
      words: expect.stringMatching(/cannot be told: .*503|giving up/),
    });
  });

  it('ends at its deadline with all it started, and takes back the lock that it could not give back', async () => {
    await using backend = await startHttpBackend();
    await using layer = await lockedLayer(backend.block('platform'));
    backend.hang(['GET']);
    const context = layer.context({ deadlineSeconds: 2 });
    const probe = await probeLock(context);
    expect(probe).toMatchObject({ state: 'unknown', why: 'it gave no answer within 2 s' });
    expect(backend.lock('platform')).toContain('state-rm');
    expect(await processesOf(layer.dir)).toEqual([]);

    // The question's own lock is nobody's to explain but the settling that asked.
    expect(await settle(layer, [], { deadlineSeconds: 2 })).toMatchObject({ status: 'kept' });
    await layer.tofu('force-unlock', '-force', parseStoredLock(backend.lock('platform') ?? '')?.id ?? '');
    const settling = settle(layer, [], { deadlineSeconds: 2 });
    await eventually('the question holds the lock', 30, async () => backend.lock('platform') !== undefined);
    backend.hang([]);
    // It asks again once its first question is dead, and finds that one's lock.
    expect(await settling).toMatchObject({ status: 'released' });
    expect(backend.lock('platform')).toBeUndefined();
  });

  it('ends with an abort, and leaves no lock though it was in the middle', async () => {
    await using backend = await startHttpBackend();
    await using layer = await lockedLayer(backend.block('platform'));
    const stop = new AbortController();
    backend.delay(['GET'], 500);
    const probing = rejection(probeLock(layer.context({ signal: stop.signal })));
    await eventually('the question holds the lock', 30, async () => backend.lock('platform') !== undefined);
    stop.abort(new Error('cancelled'));
    expect(await probing).toMatchObject({ message: 'cancelled' });
    expect(backend.lock('platform')).toBeUndefined();
    expect(await processesOf(layer.dir)).toEqual([]);
    expect(await rejection(probeLock(layer.context({ signal: stop.signal })))).toMatchObject({
      message: 'cancelled',
    });
  });
});

describe('a lock at an HTTP backend', () => {
  it('that a killed engine left is released for a dead holder that matches, and for no other', async () => {
    await using backend = await startHttpBackend();
    await using layer = await lockedLayer(backend.block('platform'));
    const holding = await layer.hold();
    const lock = parseStoredLock(backend.lock('platform') ?? '');
    await holding.kill();
    const before = writes(backend);
    const dead = holding.holder(false);
    const created = lock?.created ?? 0;
    const wrong: readonly Partial<Holder>[] = [
      { layer: 'engine' },
      { user: 'somebody' },
      { host: 'elsewhere' },
      { from: created + 2001 },
      { from: 0, to: created - 2001 },
    ];
    for (const other of wrong) {
      expect(await settle(layer, [{ ...dead, ...other }]), JSON.stringify(other)).toMatchObject({
        status: 'kept',
        command: `cd ${layer.dir} && terragrunt force-unlock -force ${lock?.id}`,
      });
    }
    expect(backend.lock('platform')).toContain(lock?.id);
    const { status, words } = await settle(layer, [...wrong.map((other) => ({ ...dead, ...other })), dead]);
    expect({ status, words }).toMatchObject({
      status: 'released',
      words: expect.stringContaining(lock?.id ?? '?'),
    });
    expect(backend.lock('platform')).toBeUndefined();
    expect(writes(backend)).toBe(before);
  });

  it('that a living engine holds is kept, though a journal says that the engine is dead', async () => {
    await using backend = await startHttpBackend();
    await using layer = await lockedLayer(backend.block('platform'));
    const holding = await layer.hold();
    const lock = backend.lock('platform');
    const outcome = await settle(layer, [anyTime]);
    expect(outcome).toMatchObject({ status: 'kept' });
    expect(outcome.words).toContain(
      `process ${holding.pid} (tofu in ${layer.dir}) may be its holder, and lives`,
    );
    expect(await settle(layer, [anyTime, { ...anyTime, alive: true, from: 0, to: 1 }])).toMatchObject({
      status: 'kept',
    });
    expect(backend.lock('platform')).toBe(lock);
  });

  it("that a person's engine holds from another checkout of the same state is kept", async () => {
    await using backend = await startHttpBackend();
    await using layer = await lockedLayer(backend.block('platform'));
    await using checkout = await lockedLayer(backend.block('platform'));
    await using elsewhere = await lockedLayer(backend.block('other'));
    // An engine at work on another state says nothing of this one.
    await elsewhere.hold();
    const person = await checkout.hold();
    const lock = backend.lock('platform');
    expect(await settle(layer, [anyTime])).toMatchObject({
      status: 'kept',
      words: expect.stringContaining(`process ${person.pid} (tofu in ${checkout.dir})`),
    });
    expect(backend.lock('platform')).toBe(lock);
    await person.kill();
    expect(await settle(layer, [anyTime])).toMatchObject({
      status: 'released',
      words: expect.stringMatching(/released/),
    });
  });

  it('of another machine is kept with whose it is, its age and the command, and released when its run is known over', async () => {
    await using backend = await startHttpBackend();
    await using layer = await lockedLayer(backend.block('platform'));
    backend.plant('platform', foreign);
    const outcome = await settle(layer, [anyTime]);
    expect(outcome).toMatchObject({
      status: 'kept',
      command: `cd ${layer.dir} && terragrunt force-unlock -force 0d9a7f4e-foreign`,
    });
    expect(outcome.words).toMatch(
      /by runner@elsewhere since 2026-11-24T09:00:00\.000Z \(.+\), OperationTypeApply/,
    );
    const over = { ...anyTime, user: 'runner', host: 'elsewhere', how: 'run 12 ended' };
    expect(await settle(layer, [over])).toMatchObject({ status: 'released' });
  });

  it('that came in place of the stale one while that was released stays', async () => {
    await using backend = await startHttpBackend();
    await using layer = await lockedLayer(backend.block('platform'));
    backend.plant('platform', { ...foreign, ID: 'stale', Who: `${here.user}@${here.host}` });
    const settling = settleLock(layer.context(), 'platform', [anyTime], here, {
      ...silentLog,
      // The moment between verdict and release.
      from: () => backend.plant('platform', foreign),
    });
    expect(await settling).toMatchObject({
      status: 'kept',
      words: expect.stringContaining('runner@elsewhere'),
    });
    expect(backend.lock('platform')).toContain(foreign.ID);
  });

  it('whose answer is none is not taken for the lock of whoever asks', async () => {
    await using backend = await startHttpBackend();
    await using layer = await lockedLayer(backend.block('platform'));
    backend.plant('platform', foreign);
    for (const body of [
      '<html>locked</html>',
      '',
      '{}',
      '{"ID":"-lock=false","Who":"","Created":"2026-11-24T09:00:00Z"}',
    ]) {
      backend.garble(body);
      const outcome = await settle(layer, [anyTime]);
      expect(outcome.status, body).toBe('kept');
      expect(outcome.command ?? '', body).not.toContain('force-unlock');
      expect(backend.lock('platform')).toContain(foreign.ID);
    }
  });

  it('is not asked for while a living engine of ours is about to take it', async () => {
    await using backend = await startHttpBackend();
    await using layer = await lockedLayer(backend.block('platform'));
    const before = backend.seen.length;
    const starting = { ...anyTime, alive: true, from: Date.now(), how: 'engine 1 still runs' };
    expect(await settle(layer, [starting])).toMatchObject({
      status: 'held',
      words: expect.stringMatching(/engine 1 still runs/),
    });
    expect(backend.seen.length).toBe(before);
    expect(await readdir(layer.dir)).not.toContain('.terragrunt-cache');
  });

  it('that is refused to be released is kept, and the refusal told', async () => {
    await using backend = await startHttpBackend();
    await using layer = await lockedLayer(backend.block('platform'));
    backend.plant('platform', { ...foreign, ID: 'stale', Who: `${here.user}@${here.host}` });
    backend.answer(['UNLOCK'], 403);
    expect(await settle(layer, [anyTime])).toMatchObject({
      status: 'kept',
      words: expect.stringContaining('403'),
      command: expect.stringContaining('force-unlock -force stale'),
    });
    expect(backend.lock('platform')).toContain('stale');
  });

  it("on an encrypted state is judged with the layer's var files, and without them never taken for free", async () => {
    await using backend = await startHttpBackend();
    const encryption = [
      'variable "passphrase" { sensitive = true }',
      'terraform {',
      '  encryption {',
      '    key_provider "pbkdf2" "key" {',
      '      passphrase = var.passphrase',
      '    }',
      '    method "aes_gcm" "method" {',
      '      keys = key_provider.pbkdf2.key',
      '    }',
      '    state {',
      '      method   = method.aes_gcm.method',
      '      enforced = true',
      '    }',
      '  }',
      '}',
      '',
    ].join('\n');
    const passphrase = 'a passphrase of some length';
    const block = `${backend.block('platform')}${encryption}`;
    await using layer = await lockedLayer(block, { TF_VAR_passphrase: passphrase });
    await using secrets = await temporaryFolder({ 'secrets.tfvars.json': JSON.stringify({ passphrase }) });
    const { TF_VAR_passphrase: _, ...env } = layer.env;
    const varFiles = [`${secrets.dir}/secrets.tfvars.json`];
    expect(await probeLock(layer.context({ env, varFiles }))).toEqual({ state: 'free' });
    const holding = await layer.hold();
    await holding.kill();
    expect(await settle(layer, [holding.holder(false)], { env })).toMatchObject({ status: 'unknown' });
    expect(backend.lock('platform')).toBeDefined();
    expect(await settle(layer, [holding.holder(false)], { env, varFiles })).toMatchObject({
      status: 'released',
    });
  });
});
