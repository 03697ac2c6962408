import type { Log } from '../log.ts';

const intervalMs = 10_000;

/** `0.4 s`, `12 s`, `1m 20s`. */
export function elapsed(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)}m ${String(whole % 60).padStart(2, '0')}s`;
}

/** Says every ten seconds that `doing` still goes on, so that minutes of building are not minutes of silence. */
export async function withProgress<T>(log: Log, doing: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const timer = setInterval(() => log.info(`${doing}, ${elapsed(performance.now() - started)}`), intervalMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
