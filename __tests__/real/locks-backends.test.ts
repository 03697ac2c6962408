import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Holder } from '../../src/journal/holders.ts';
import { parseStoredLock } from '../../src/locks/lock-info.ts';
import { probeLock } from '../../src/locks/probe.ts';
import { settleLock } from '../../src/locks/settle.ts';
import { silentLog } from '../../src/log.ts';
import { here, type LockedLayer, lockedLayer } from '../support/backends/locked-layer.ts';
import { hasPostgres, startPostgres, warmPostgres } from '../support/backends/postgres.ts';
import { startS3, warmS3 } from '../support/backends/s3.ts';
import { openTestBox } from '../support/box.ts';
import { temporaryFolder } from '../support/folder.ts';
import { warmTools } from '../support/world.ts';

beforeAll(async () => {
  await warmTools(['tofu', 'terragrunt', 'etcd', 'kube-apiserver']);
  await Promise.all([warmS3(), warmPostgres()]);
}, 900_000);

const settle = (layer: LockedLayer, holders: readonly Holder[]) =>
  settleLock(layer.context(), 'platform', holders, here, silentLog);

/** What holds for every backend whose lock outlives its holder. */
async function outlivingLock(layer: LockedLayer, stored: () => Promise<string | undefined>) {
  expect(await settle(layer, [])).toMatchObject({ status: 'free' });
  const before = await layer.tofu('state', 'pull');

  const holding = await layer.hold();
  const lock = parseStoredLock((await stored()) ?? '');
  expect(lock?.who).toBe(`${here.user}@${here.host}`);
  const created = lock?.created ?? Number.NaN;
  const alive = holding.holder(true, { to: created });
  expect(await settle(layer, [holding.holder(false), alive])).toMatchObject({ status: 'held' });
  // A journal that is wrong about the engine's end is not believed while that engine can be seen.
  expect(await settle(layer, [holding.holder(false)])).toMatchObject({
    status: 'kept',
    words: expect.stringContaining(`process ${holding.pid} (tofu in ${layer.dir})`),
  });
  expect(await stored()).toContain(lock?.id);

  await holding.kill();
  const unexplained = await settle(layer, []);
  expect(unexplained).toMatchObject({
    status: 'kept',
    command: `cd ${layer.dir} && terragrunt force-unlock -force ${lock?.id}`,
  });
  expect(unexplained.words).toContain(`by ${here.user}@${here.host} since `);
  expect(await settle(layer, [holding.holder(false, { layer: 'engine' })])).toMatchObject({ status: 'kept' });
  expect(await settle(layer, [holding.holder(false), alive])).toMatchObject({ status: 'held' });
  expect(await stored()).toContain(lock?.id);

  const released = await settle(layer, [holding.holder(false)]);
  expect(released).toMatchObject({ status: 'released' });
  expect(released.words).toContain(lock?.id);
  expect(await settle(layer, [])).toMatchObject({ status: 'free' });
  expect(await layer.tofu('state', 'pull')).toBe(before);
  await layer.tofu('apply', '-auto-approve');
}

describe('the lock of a local state', () => {
  it('is held while its engine lives, whatever is said of it, and names process and file', async () => {
    await using layer = await lockedLayer('');
    const holding = await layer.hold();
    const outcome = await settle(layer, [holding.holder(false)]);
    expect(outcome).toMatchObject({ status: 'held', command: `fuser -v ${layer.dir}/terraform.tfstate` });
    expect(outcome.words).toContain(`by ${here.user}@${here.host} since `);
    process.kill(holding.pid, 0);
  });

  it('is free the moment its engine is killed, and the file that it left goes', async () => {
    await using layer = await lockedLayer('');
    const holding = await layer.hold();
    const before = await readFile(join(layer.dir, 'terraform.tfstate'), 'utf8');
    await holding.kill();
    expect(await readdir(layer.dir)).toContain('.terraform.tfstate.lock.info');
    expect(await settle(layer, [])).toMatchObject({ status: 'free', words: 'not locked' });
    expect(await readdir(layer.dir)).not.toContain('.terraform.tfstate.lock.info');
    expect(await readFile(join(layer.dir, 'terraform.tfstate'), 'utf8')).toBe(before);
  });

  it('of a layer that was never applied is free, and asking makes no state', async () => {
    await using layer = await lockedLayer('');
    await using fresh = await temporaryFolder({ 'main.tf': 'resource "terraform_data" "made" {}\n' });
    const context = layer.context({ unit: fresh.dir, engineDir: fresh.dir });
    expect(await probeLock(context)).toEqual({ state: 'free' });
    expect(await readdir(fresh.dir)).toEqual(['main.tf']);
  });
});

describe('the lock object beside a state in S3', () => {
  it('is released only where its holder is proved dead', async () => {
    await using s3 = await startS3();
    await using layer = await lockedLayer(s3.block('platform/terraform.tfstate'));
    await outlivingLock(layer, () => s3.object('platform/terraform.tfstate.tflock'));
    expect(await s3.object('platform/terraform.tfstate.tflock')).toBeUndefined();
  });

  it('of another machine is kept, with the command for whoever knows that machine', async () => {
    await using s3 = await startS3();
    await using layer = await lockedLayer(s3.block('platform/terraform.tfstate'));
    const foreign = {
      ID: 'f0',
      Operation: 'OperationTypeApply',
      Who: 'runner@elsewhere',
      Created: new Date(),
    };
    await s3.plant('platform/terraform.tfstate.tflock', JSON.stringify(foreign));
    const wide = { from: 0, to: Number.POSITIVE_INFINITY, alive: false };
    const dead: Holder = { ...here, run: 'r', layer: 'platform', how: 'gone', ...wide };
    const outcome = await settle(layer, [dead]);
    expect(outcome).toMatchObject({
      status: 'kept',
      command: expect.stringContaining('force-unlock -force f0'),
    });
    expect(outcome.words).toContain('another machine');
    expect(await s3.object('platform/terraform.tfstate.tflock')).toContain('runner@elsewhere');
  });
});

describe.skipIf(!hasPostgres())('the lock of a state in PostgreSQL', () => {
  it('is of a living session: never called dead, shown by SQL that finds it, and gone with its engine', async () => {
    await using postgres = await startPostgres();
    await using layer = await lockedLayer('terraform {\n  backend "pg" {}\n}\n', {
      PG_CONN_STR: postgres.url,
    });
    expect(await settle(layer, [])).toMatchObject({ status: 'free' });
    const holding = await layer.hold();
    // The backend reports the lock of whoever asks: this holder would explain that.
    const dead = holding.holder(false, { to: Number.POSITIVE_INFINITY });
    const outcome = await settle(layer, [dead]);
    expect(outcome).toMatchObject({ status: 'held', command: expect.stringContaining('pg_stat_activity') });
    expect(outcome.words).not.toContain(`${here.user}@${here.host}`);
    const sql = /-c "(.*)"$/.exec(outcome.command ?? '')?.[1] ?? '';
    expect(postgres.query(sql)).toHaveLength(1);
    await holding.kill();
    expect(await settle(layer, [dead])).toMatchObject({ status: 'free' });
    expect(postgres.query(sql)).toHaveLength(0);
  });
});

describe('the Lease that locks a state in Kubernetes', () => {
  it('is released only where its holder is proved dead', async () => {
    await using box = await openTestBox();
    await box.machine();
    await using folder = await temporaryFolder({ kubeconfig: await box.kubeconfig() });
    const block = [
      'terraform {',
      '  backend "kubernetes" {',
      '    secret_suffix = "platform"',
      '    namespace     = "default"',
      `    config_path   = "${folder.dir}/kubeconfig"`,
      '  }',
      '}',
      '',
    ].join('\n');
    await using layer = await lockedLayer(block);
    const api = await box.api();
    const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases/lock-tfstate-default-platform';
    await outlivingLock(layer, async () => {
      const { body } = await api.request('GET', path);
      const { annotations } = (body as { metadata: { annotations?: Record<string, string> } }).metadata;
      return annotations?.['app.terraform.io/lock-info'];
    });
  });
});
