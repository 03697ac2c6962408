import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPulse } from '../../src/layer/pulse.ts';
import { describeStall, type StallReport, watchForStall } from '../../src/layer/stall.ts';
import type { Vital } from '../../src/process/vitals.ts';
import { holds } from '../support/property.ts';

const millisecond = 1_000_000;

function vital(name: string, cpu = 0, bytes = 0, pid = 1): Vital {
  return { pid, startTime: '1', name, cpuNanoseconds: cpu, ioBytes: bytes };
}

/** The seconds at which a sign of life was seen, sampling what `at` says each second. */
function signs(seconds: number, at: (second: number) => readonly Vital[]): number[] {
  const pulse = createPulse();
  return Array.from({ length: seconds }, (_, second) => second).filter((second) =>
    pulse(at(second), second * 1000),
  );
}

describe('a sign of life', () => {
  test('is none of what idle programs do: timers, the quota of the cgroup, garbage collected every two minutes', () => {
    const garbage = (second: number) => Math.floor(second / 120) * 8.5 * millisecond;
    const seen = signs(600, (second) => [
      vital('tofu', second * 12 * millisecond + garbage(second), second * 115, 1),
      vital('terragrunt', second * 4 * millisecond + garbage(second), second * 400, 2),
      vital('terraform-provi', second * 0.05 * millisecond + garbage(second), second * 83, 3),
      vital('sleep', 0, 0, 4),
    ]);
    expect(seen).toEqual([0]);
  });

  test('is a provider that polls: a few hundred bytes now and then, next to no processor time', () => {
    const seen = signs(60, (second) => [
      vital('tofu', 0, 0, 1),
      vital('terraform-provi', second * 100_000, Math.floor(second / 10) * 400, 2),
    ]);
    expect(seen).toEqual([0, 10, 20, 30, 40, 50]);
  });

  test('is a download over a slow line, which takes next to no processor time', () => {
    expect(signs(5, (second) => [vital('tofu', second * millisecond, second * 50_000)])).toEqual([
      0, 1, 2, 3, 4,
    ]);
  });

  test('is not what the engine and its wrapper write: that is the heartbeat', () => {
    expect(signs(60, (second) => [vital('tofu', 0, second * 4000, 1)])).toEqual([0]);
    expect(signs(60, (second) => [vital('terragrunt', 0, second * 4000, 1)])).toEqual([0]);
  });

  test('is work, at once where it is much, and a little later where it is little but steady', () => {
    expect(signs(4, (second) => [vital('python3', second * 900 * millisecond)])).toEqual([0, 1, 2, 3]);
    const little = signs(120, (second) => [vital('python3', second * 3 * millisecond)]);
    expect(little.length).toBeGreaterThan(5);
    const gaps = little.slice(1).map((second, index) => second - (little[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(15);
  });

  test('is a process that comes, goes, or becomes another program, also where one takes the place of another', () => {
    const two = [vital('sh', 0, 0, 1), vital('sleep', 0, 0, 2)];
    const samples = [two, two.slice(0, 1), two, two, [vital('sh', 0, 0, 1), vital('sleep', 0, 0, 3)]];
    expect(signs(5, (second) => samples[second] ?? [])).toEqual([0, 1, 2, 4]);
    expect(signs(4, (second) => [vital(second < 2 ? 'sh' : 'curl')])).toEqual([0, 2]);
  });

  test('is never a thread that ended and took its processor time with it', () => {
    holds(
      fc.property(fc.array(fc.nat({ max: 1_000_000_000 }), { minLength: 2, maxLength: 20 }), (falls) => {
        const falling = falls.toSorted((left, right) => right - left);
        expect(signs(falling.length, (second) => [vital('tofu', falling[second])])).toEqual([0]);
      }),
    );
  });
});

/** A watch over what the test says, with a clock that goes a second each sample. */
function held(stallSeconds: number, at: (second: number) => readonly Vital[], lastOutput = (_: number) => 0) {
  let second = -1;
  const step = { seconds: () => second };
  const watch = watchForStall({
    leaderPid: 1,
    marker: { name: 'PHOENIX_LAYER', value: 'test' },
    stallSeconds,
    everyMs: 1,
    gapMs: 10_000,
    now: () => second * 1000,
    lastOutput: () => lastOutput(second),
    sample: async () => {
      second += 1;
      return at(second);
    },
    picture: async () => ({ processes: [], zombies: [] }),
  });
  return { ...step, watch };
}

describe('a stall', () => {
  test('is told once nothing happened for that long, and not before', async () => {
    const { watch, seconds } = held(30, (second) => [
      vital('python3', Math.min(second, 12) * 900 * millisecond),
    ]);
    expect((await watch.stalled).seconds).toBe(30);
    expect(seconds()).toBe(42);
  });

  test('is put off by output', async () => {
    const { watch, seconds } = held(
      30,
      () => [vital('sleep')],
      (second) => Math.min(second, 100) * 1000,
    );
    await watch.stalled;
    expect(seconds()).toBe(130);
  });

  test('is not what a machine did that slept: from the gap on it is counted anew', async () => {
    let jumped = 0;
    let second = 0;
    const watch = watchForStall({
      leaderPid: 1,
      marker: { name: 'PHOENIX_LAYER', value: 'test' },
      stallSeconds: 30,
      everyMs: 1,
      gapMs: 10_000,
      now: () => (second + jumped) * 1000,
      lastOutput: () => 0,
      sample: async () => {
        second += 1;
        if (second === 10) jumped = 8 * 3600;
        return [vital('sleep')];
      },
      picture: async () => ({ processes: [], zombies: [] }),
    });
    await watch.stalled;
    expect(second).toBe(40);
  });

  test('is never told where there is nothing to see, or when the watch was disposed of', async () => {
    const empty = held(5, () => []);
    const disposed = held(5, () => [vital('sleep')]);
    disposed.watch[Symbol.dispose]();
    await expect.poll(empty.seconds, { timeout: 5_000 }).toBeGreaterThan(20);
    empty.watch[Symbol.dispose]();
    const told = await Promise.race([
      empty.watch.stalled,
      disposed.watch.stalled,
      new Promise((resolve) => setTimeout(resolve, 50, 'silence')),
    ]);
    expect(told).toBe('silence');
  });
});

describe('the words for a stall', () => {
  const process = (pid: number): StallReport['processes'][number] => ({
    pid,
    ppid: 1,
    startTime: '1',
    name: `sleep\u001b[31m${'x'.repeat(500)}`,
    state: 'S',
    waitsFor: ['clock_nanosleep'],
    sockets: [],
    pipes: 0,
  });

  test('are bounded, in lines and in length, and obey no escape sequence', () => {
    const lines = describeStall({
      seconds: 120,
      processes: Array.from({ length: 500 }, (_, pid) => process(pid)),
      zombies: [],
    });
    expect(lines).toHaveLength(30);
    expect(lines.at(-1)).toBe('… and 472 more processes');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(240);
    expect(lines.join('')).not.toContain('\u001b');
  });

  test('name the zombies and who should reap them, also when there are many processes', () => {
    const lines = describeStall({
      seconds: 61.4,
      processes: Array.from({ length: 500 }, (_, pid) => process(pid)),
      zombies: [{ pid: 7, name: 'sh', parent: { pid: 6, name: 'python3' } }],
    });
    expect(lines[0]).toContain('no sign of life for 61 s');
    expect(lines.join('\n')).toContain(
      'sh <defunct> (7): ended, but its parent python3 (6) does not reap it',
    );
  });
});
