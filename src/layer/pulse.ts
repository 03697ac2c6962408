import type { Vital } from '../process/vitals.ts';

/** Processor time that a process may use and still be idle: nanoseconds a second, and at once. */
interface Idle {
  readonly cpuRate: number;
  readonly cpuBurst: number;
  /** Bytes a second. */
  readonly byteRate: number;
}

/**
 * What a process uses while it only waits, measured on `time_sleep` and a sleeping `local-exec`, with OpenTofu 1.12.6,
 * Terragrunt 1.1.1 and hashicorp/time 0.12.1, at two times. A layer that hangs must be found on a machine of half that
 * speed too, so the limits are five times what was measured.
 *   tofu            1.6-4.6 ms/s, since its runtime wakes a hundred times a second, and 8.5 ms every two minutes, when
 *                   Go collects garbage without a reason; 83 bytes/s, since Go looks once a second at its cgroup's
 *                   processor quota; 115 with a heartbeat
 *   terragrunt      0.06-1.3 ms/s, 9.1 ms every two minutes
 *   a provider      0.001 ms/s, no bytes; sh and sleep: nothing at all
 * Few bytes of the wrapper and the engine are no sign: they carry the heartbeat of each resource. Many are: a download
 * over a slow line uses next to no processor time. A provider's few are one: even a small answer over HTTPS has some
 * 300 bytes, a keep-alive of HTTP/2 with its answer 80.
 */
const wrapper: Idle = { cpuRate: 25_000_000, cpuBurst: 60_000_000, byteRate: 16_384 };
const worker: Idle = { cpuRate: 1_000_000, cpuBurst: 20_000_000, byteRate: 256 };

const wrappers = new Set(['terragrunt', 'tofu', 'terraform']);

/**
 * A judge of successive samples: whether there was a sign of life since the last one. The first sample is a sign.
 * Processor time is summed since the last sign, so that a process that works a little, but steadily more than an idle
 * one, is seen too, only later. Bytes are taken sample by sample, since a poll comes all at once.
 */
export function createPulse(): (vitals: readonly Vital[], now: number) => boolean {
  let lastSign: Moment | undefined;
  let last: Moment | undefined;
  return (vitals, at) => {
    const now = { at, vitals: new Map(vitals.map((vital) => [`${vital.pid}:${vital.startTime}`, vital])) };
    const sign = lastSign === undefined || last === undefined || isAlive(lastSign, last, now);
    if (sign) lastSign = now;
    last = now;
    return sign;
  };
}

interface Moment {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly vitals: ReadonlyMap<string, Vital>;
}

function isAlive(lastSign: Moment, last: Moment, now: Moment): boolean {
  // One came or one went: so a provisioner is seen whose every look at the world is a short process of its own.
  if (last.vitals.size !== now.vitals.size) return true;
  for (const [key, vital] of now.vitals) {
    const [then, before] = [lastSign.vitals.get(key), last.vitals.get(key)];
    // Another name is another program in the same process.
    if (then === undefined || before === undefined || before.name !== vital.name) return true;
    const idle = wrappers.has(vital.name) ? wrapper : worker;
    const cpu = vital.cpuNanoseconds - then.cpuNanoseconds;
    if (cpu > idle.cpuBurst + idle.cpuRate * secondsBetween(lastSign, now)) return true;
    const bytes = vital.ioBytes - before.ioBytes;
    if (bytes > idle.byteRate * Math.max(1, secondsBetween(last, now))) return true;
  }
  return false;
}

function secondsBetween(from: Moment, to: Moment): number {
  return (to.at - from.at) / 1000;
}
