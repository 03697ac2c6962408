import { setTimeout as sleep } from 'node:timers/promises';
import { type Picture, socketText, takePicture } from '../process/picture.ts';
import type { Marker } from '../process/tree.ts';
import { createSampler, type Vital } from '../process/vitals.ts';
import { logLine } from '../report/printable.ts';
import { createPulse } from './pulse.ts';

export interface StallReport extends Picture {
  /** How long there was no sign of life. */
  readonly seconds: number;
}

export interface StallOptions {
  /** The layer's first process, leader of its group. */
  readonly leaderPid: number;
  /** The variable that all processes of the layer bear in their environment. */
  readonly marker: Marker;
  readonly stallSeconds: number;
  /**
   * When the layer last said something that is a sign of life, in epoch milliseconds. The engine's own heartbeat
   * ("Still creating...") is none: it comes from a timer, however dead the provider is.
   */
  readonly lastOutput: () => number;
  /** The clock (epoch milliseconds), the pace, what counts as a gap, and the sampler, where a test must hold them. */
  readonly now?: () => number;
  readonly everyMs?: number;
  readonly gapMs?: number;
  readonly sample?: () => Promise<readonly Vital[]>;
  readonly picture?: () => Promise<Picture>;
}

export interface StallWatch extends Disposable {
  /** Resolves once, at the first stall; never where there is none, and never where there is no /proc to look at. */
  readonly stalled: Promise<StallReport>;
}

/** After a gap between two samples as long as that nobody can say what happened: the machine slept, or this process did. */
const longestGapMs = 10_000;

/**
 * Watches a layer for signs of life: output, processor time, bytes moved by providers and provisioners, processes that
 * come and go. When there was none of these for `stallSeconds` it tells what the processes wait for, and is done.
 */
export function watchForStall(options: StallOptions): StallWatch {
  const { leaderPid, marker, stallSeconds, lastOutput } = options;
  const { now = Date.now, everyMs = 1_000, gapMs = longestGapMs } = options;
  const { sample = createSampler(leaderPid, marker), picture = () => takePicture(leaderPid, marker) } =
    options;
  const stop = new AbortController();
  const pulse = createPulse();

  const watch = async (): Promise<StallReport | undefined> => {
    let alive = now();
    let looked = alive;
    for (;;) {
      // Before the first look too: most layers that have nothing to change are done by then.
      await sleep(everyMs, undefined, { signal: stop.signal, ref: false }).catch(() => {});
      if (stop.signal.aborted) return undefined;
      const vitals = await sample();
      const time = now();
      // Nothing to see is nothing that could stall: the layer has ended, or this system has no /proc.
      const blind = vitals.length === 0 || time - looked > gapMs;
      if (pulse(vitals, time) || blind) alive = time;
      looked = time;
      const silent = (time - Math.max(alive, lastOutput())) / 1000;
      if (silent >= stallSeconds) return { seconds: silent, ...(await picture()) };
    }
  };
  return {
    stalled: new Promise((resolve, reject) => {
      watch().then((report) => {
        if (report !== undefined && !stop.signal.aborted) resolve(report);
      }, reject);
    }),
    [Symbol.dispose]: () => stop.abort(),
  };
}

const mostLines = 30;
const mostSockets = 4;
const longestLine = 240;

const states: Readonly<Record<string, string>> = {
  R: 'running',
  S: 'sleeping',
  D: 'in uninterruptible sleep (disk or network file system)',
  T: 'stopped by a signal',
  t: 'stopped by a debugger',
};

/** The report as people read it: one line a process, no environment, no arguments, bounded. */
export function describeStall(report: StallReport): string[] {
  const processes = report.processes.map(({ pid, name, state, waitsFor, sockets, pipes }) => {
    const waits = waitsFor.length === 0 ? '' : `, waits in ${waitsFor.slice(0, mostSockets).join('; ')}`;
    // A socket that a call waits on was named there.
    const others = sockets.map(socketText).filter((text) => !waits.includes(text));
    const more = others.length > mostSockets ? ` and ${others.length - mostSockets} more` : '';
    const open = others.length === 0 ? '' : `, open: ${others.slice(0, mostSockets).join('; ')}${more}`;
    const piped = pipes === 0 ? '' : `, ${pipes} pipe${pipes === 1 ? '' : 's'}`;
    return `${name} (${pid}): ${states[state] ?? state}${waits}${open}${piped}`;
  });
  const zombies = report.zombies.map(
    ({ pid, name, parent }) =>
      `${name} <defunct> (${pid}): ended, but its parent ${parent.name} (${parent.pid}) does not reap it`,
  );
  // Zombies first: they are few, and the reason where there are any.
  const lines = [...zombies, ...processes];
  const shown = lines.length > mostLines - 1 ? lines.slice(0, mostLines - 2) : lines;
  const left = lines.length - shown.length;
  return [
    `no sign of life for ${Math.round(report.seconds)} s: no output, no processor time, no bytes moved`,
    ...shown,
    ...(left === 0 ? [] : [`… and ${left} more processes`]),
  ].map((line) => logLine(line).slice(0, longestLine));
}
