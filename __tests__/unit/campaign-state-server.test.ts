import { describe, expect, it } from 'vitest';
import { locksIn, readStateFile, readTrace } from '../../campaign/state-files.ts';
import { type StateHost, startStateHost } from '../../campaign/state-host.ts';
import { temporaryFolder } from '../support/folder.ts';

const state = (serial: number) =>
  JSON.stringify({ version: 4, serial, lineage: 'line', outputs: {}, resources: [] });

/** One request as OpenTofu's http backend makes it; gives the status. */
async function ask({ address }: StateHost, method: string, path: string, body?: string) {
  const response = await fetch(`${address}/${path}`, { method, ...(body === undefined ? {} : { body }) });
  return { status: response.status, text: await response.text() };
}

async function withServer(slowestWriteMs: number, use: (host: StateHost) => Promise<void>): Promise<void> {
  await using folder = await temporaryFolder();
  await using host = await startStateHost({ folder: folder.dir, seed: '1', slowestWriteMs });
  await use(host);
}

describe('the state server of the campaign', () => {
  it('gives a lock to one, refuses it to others by name, and takes it back from its holder only', async () => {
    await withServer(0, async (host) => {
      expect((await ask(host, 'LOCK', 'engine', '{"ID":"a"}')).status).toBe(200);
      expect(await ask(host, 'LOCK', 'engine', '{"ID":"b"}')).toEqual({ status: 423, text: '{"ID":"a"}' });
      expect((await ask(host, 'LOCK', 'other', '{"ID":"b"}')).status).toBe(200);
      expect((await ask(host, 'POST', 'engine?ID=b', state(1))).status).toBe(409);
      expect((await ask(host, 'UNLOCK', 'engine', '{"ID":"b"}')).status).toBe(409);
      expect([...(await locksIn(host.folder))].toSorted()).toEqual([
        ['engine', 'a'],
        ['other', 'b'],
      ]);
      expect((await ask(host, 'UNLOCK', 'engine', '{"ID":"a"}')).status).toBe(200);
      // Forced: OpenTofu sends no body.
      expect((await ask(host, 'UNLOCK', 'other')).status).toBe(200);
      expect((await locksIn(host.folder)).size).toBe(0);
    });
  });

  it('knows states and locks again after it was killed', async () => {
    await withServer(0, async (host) => {
      await ask(host, 'LOCK', 'engine', '{"ID":"a"}');
      await ask(host, 'POST', 'engine?ID=a', state(4));
      host.kill();
      await expect(ask(host, 'GET', 'engine')).rejects.toThrow();
      await host.restart();
      expect(await ask(host, 'GET', 'engine')).toEqual({ status: 200, text: state(4) });
      expect((await ask(host, 'LOCK', 'engine', '{"ID":"b"}')).status).toBe(423);
      expect((await readStateFile(host.folder, 'engine'))?.serial).toBe(4);
    });
  });

  it('forgets a write whose client went away before it was through', async () => {
    await withServer(60_000, async (host) => {
      const write = fetch(`${host.address}/engine`, {
        method: 'POST',
        body: state(1),
        signal: AbortSignal.timeout(300),
      });
      await expect(write).rejects.toThrow();
      expect((await readTrace(host.folder)).map(({ what }) => what)).toEqual(['writing']);
      expect((await ask(host, 'GET', 'engine')).status).toBe(404);
    });
  });
});
