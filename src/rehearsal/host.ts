import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { identify } from '../process-identity.ts';
import { serveHostApi, shapeOf } from './api.ts';
import { type HostConfig, type HostEvent, hostConfig, socketName } from './host-protocol.ts';
import { machinePark } from './machine-park.ts';
import { freePorts } from './ports.ts';
import { startBucket } from './real/bucket.ts';
import type { BoxBucket } from './real/spoil-bucket.ts';
import { markBoxDirectory, removeBoxDirectory, removeRecord, writeRecord } from './records.ts';
import { startStandIns } from './stand-in.ts';
import { createSupervisor, type Program, type Supervisor } from './supervisor.ts';

/**
 * The hidden command `box-host`: the process that owns everything a box starts. It reads its configuration from the
 * first line of stdin, and ends everything at the end of stdin, so that nothing outlives a rehearsal that was killed.
 * Returns the exit code.
 */
export async function runBoxHost(): Promise<number> {
  // The rehearsal may be gone already: what it would have read is of no use to anybody then.
  process.stdout.on('error', () => {});
  const emit = (event: HostEvent) => process.stdout.write(`${JSON.stringify(event)}\n`);
  const lines = createInterface({ input: process.stdin });
  const lifeline = new Promise<void>((resolve) => {
    lines.once('close', resolve);
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  const first = new Promise<string>((resolve) => {
    lines.once('line', resolve);
  });
  const text = await Promise.race([first, lifeline]);
  if (text === undefined) return 0;
  const config = hostConfig.parse(JSON.parse(text));
  try {
    await host(config, emit, lifeline);
    return 0;
  } catch (error) {
    emit({ type: 'failed', error: shapeOf(error) });
    return 1;
  }
}

async function host(config: HostConfig, emit: (event: HostEvent) => void, lifeline: Promise<void>) {
  const own = await identify(process.pid);
  if (own === undefined) throw new Error('the host cannot tell its own start time');
  let ending = false;
  const { id, dir, stateDir } = config;
  let written: Promise<void> = Promise.resolve();
  const supervisor: Supervisor = createSupervisor({
    onDeath: (name, how) => ending || emit({ type: 'death', name, how }),
    // One after another: each writes what runs at its own turn.
    onChange: () => {
      written = written.then(() =>
        writeRecord(stateDir, { id, dir, host: own, processes: [...supervisor.running()] }),
      );
      return written;
    },
  });
  await using ends = new AsyncDisposableStack();
  await markBoxDirectory(dir, id);
  ends.defer(() => removeRecord(stateDir, id));
  ends.defer(() => removeBoxDirectory(dir, id));
  await writeRecord(stateDir, { id, dir, host: own, processes: [] });
  const logDir = join(stateDir, 'logs');
  await mkdir(logDir, { recursive: true });

  const ports = await freePorts(config.doors.length);
  const doors = config.doors.map((door, index) => ({ ...door, listen: ports[index] ?? 0 }));
  const outside: number[] = [];
  let box: BoxBucket | undefined;
  const machines = machinePark({
    config,
    supervisor,
    logDir,
    doors,
    outside,
    bucket: () => box,
    log: (source, text) => emit({ type: 'log', source, text }),
    onRestart: (name, how, times) => emit({ type: 'restart', name, how, times }),
  });
  const standIns: Program[] = [];
  ends.defer(async () => {
    await Promise.all(standIns.map((program) => program.end()));
  });
  ends.use(machines);
  const socket = join(dir, socketName);
  ends.use(await serveHostApi(socket, { processes: () => supervisor.running(), ...machines }));

  const gone = new AbortController();
  void lifeline.then(() => gone.abort());
  const started = (program: Program) => standIns.push(program);
  const bucket = config.bucket && { ...config.bucket, dir, logDir, supervisor, started, signal: gone.signal };
  const listening = Promise.all([startStandIns(config, supervisor, started), bucket && startBucket(bucket)]);
  const ready = await Promise.race([listening, lifeline]);
  if (ready !== undefined) {
    const [listed, s3] = ready;
    if (s3 !== undefined && config.bucket !== undefined)
      box = { program: s3.program, folder: join(config.bucket.folder, config.bucket.bucket) };
    outside.push(...listed.map(({ url }) => Number(new URL(url).port)), ...(s3 ? [s3.port] : []));
    emit({
      type: 'ready',
      socket,
      standIns: listed,
      doors: doors.map(({ name, listen }) => ({ name, port: listen })),
      ...(s3 === undefined ? {} : { bucketPort: s3.port }),
    });
    await lifeline;
  }
  ending = true;
  await listening.catch(() => {});
}
