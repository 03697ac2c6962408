import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { WitnessSettings } from '../../src/castle/witness.ts';
import { connectPods, type PodCommand, type Pods } from '../../src/cluster/pods.ts';
import { takeBackup } from '../../src/witness/backup.ts';
import { type ExecServer, type Played, startExecServer } from '../support/exec-server.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

async function podsOf(
  played: Played | number,
  log?: Parameters<typeof startExecServer>[1],
): Promise<{ readonly pods: Pods; readonly server: ExecServer }> {
  const server = await startExecServer(() => played, log);
  const dir = await mkdtemp(join(tmpdir(), 'phoenix-pods-'));
  open.push(server, { [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) });
  const file = join(dir, 'kubeconfig');
  await writeFile(file, server.kubeconfig);
  return { pods: await connectPods(file), server };
}

const command: PodCommand = {
  ...{ namespace: 'db', pod: 'db-0', container: 'database', withinMs: 10_000 },
  command: ['pgbackrest', '--stanza=a b', "it's"],
  signal: new AbortController().signal,
};
const success = { status: 'Success' };
const exited = (code: number) => ({
  ...{ status: 'Failure', reason: 'NonZeroExitCode', message: 'command terminated' },
  details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
});

describe('a program in a container', () => {
  it('is given its arguments as they are, and its output and its exit code come back', async () => {
    const long = 'x'.repeat(200_000);
    const { pods, server } = await podsOf({ stdout: long, stderr: 'a word', status: success });
    expect(await pods.exec(command)).toEqual({ code: 0, stdout: long, stderr: 'a word' });
    const [asked] = server.asked;
    expect(asked?.pathname).toBe('/api/v1/namespaces/db/pods/db-0/exec');
    expect(asked?.searchParams.getAll('command')).toEqual(command.command);
    expect(asked?.searchParams.get('container')).toBe('database');
    const failed = await podsOf({ stderr: 'no', status: exited(31) });
    expect(await failed.pods.exec(command)).toEqual({ code: 31, stdout: '', stderr: 'no' });
  });

  it.each([
    ['the API refuses it', 403, /db\/db-0, container database: .*403/],
    [
      'the container has no such program',
      { status: { status: 'Failure', reason: 'InternalError', message: 'no such file' } },
      /no such file/,
    ],
    ['the kubelet goes away', { stdout: 'half', breaks: true }, /closed before the program ended/],
  ] as const)('is no success where %s', async (_, played, says) => {
    const { pods } = await podsOf(played);
    await expect(pods.exec(command)).rejects.toThrow(says);
  });

  it('is not waited for longer than it may take, nor when the run is cancelled', async () => {
    const { pods } = await podsOf({ stdout: 'begun' });
    await expect(pods.exec({ ...command, withinMs: 300 })).rejects.toThrow(/did not end within 0.3 s/);
    const cancelled = new AbortController();
    const running = pods.exec({ ...command, signal: cancelled.signal });
    cancelled.abort(new Error('cancelled'));
    await expect(running).rejects.toThrow('cancelled');
  });
});

describe('the last lines of a container', () => {
  const where = { namespace: 'db', pod: 'db-0', container: 'restore' };

  it('are asked for by the number of them, of the run before where that is meant', async () => {
    const body = 'one\n{"a": 1}\n\n  \nthe last\n';
    const { pods, server } = await podsOf(404, { status: 200, type: 'text/plain', body });
    expect(await pods.tail(where, 20, true)).toEqual(['one', '{"a": 1}', 'the last']);
    const [asked] = server.asked;
    expect(asked?.pathname).toBe('/api/v1/namespaces/db/pods/db-0/log');
    const query = { container: 'restore', tailLines: '20', previous: 'true' };
    expect(Object.fromEntries(asked?.searchParams ?? [])).toEqual(query);
  });

  it('are none where the container has written nothing', async () => {
    const { pods } = await podsOf(404, { status: 200, type: 'text/plain', body: '' });
    expect(await pods.tail(where, 20, false)).toEqual([]);
  });

  it("are refused in the server's own words", async () => {
    const body = JSON.stringify({ kind: 'Status', message: 'previous terminated container not found' });
    const { pods } = await podsOf(404, { status: 400, type: 'application/json', body });
    await expect(pods.tail(where, 20, true)).rejects.toThrow(
      /400[\s\S]*previous terminated container not found/,
    );
  });
});

describe('the backup between the rows of a witness', () => {
  const settings: NonNullable<WitnessSettings['backup']> = {
    ...{ pod: { namespace: 'db', name: 'db-0' }, container: 'database', withinSeconds: 10 },
    command: ['pgbackrest', 'backup'],
  };
  const pod = { metadata: { name: 'db-0' } };
  const taken = async (played: Played | number, found: object | undefined = pod) => {
    const { pods } = await podsOf(played);
    const cluster = { read: async () => found, list: async () => [] };
    return takeBackup(settings, { cluster, pods, signal: command.signal });
  };

  it('is taken where its program ends with 0', async () => {
    await expect(taken({ status: success })).resolves.toBeUndefined();
  });

  it.each([
    [
      'ends otherwise',
      { stdout: 'begun\nERROR: [050]: locked', status: exited(50) },
      /ended with 50\. ERROR: \[050\]/,
    ],
    ['cannot be run', 404, /404/],
  ] as const)('refuses the destroy where its program %s', async (_, played, why) => {
    await expect(taken(played)).rejects.toMatchObject({
      ...{ code: 'PHX-WITNESS-BACKUP', why: expect.stringMatching(why) },
    });
  });
});
