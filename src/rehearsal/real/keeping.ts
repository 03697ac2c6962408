import { setTimeout as sleep } from 'node:timers/promises';
import type { Program, Supervisor } from '../supervisor.ts';

/** What is told of a program that died and was started again. */
export type OnRestart = (name: string, how: string, times: number) => void;

const firstPauseMs = 200;
const longestPauseMs = 5_000;
/** So often within `windowMs`, and it is given up: what dies at once will die again. */
const deaths = 6;
const windowMs = 60_000;

/**
 * A supervisor whose programs are started again when they die, once they have been declared up, with a pause that
 * doubles; `ended` then comes only when it is given up or asked for.
 */
export function keepingUp(
  supervisor: Supervisor,
  options: { readonly onRestart: OnRestart; readonly signal: AbortSignal },
): Supervisor {
  return {
    running: supervisor.running,
    async start(spec) {
      let current = await supervisor.start(spec);
      let up = false;
      let asked = false;
      const stopping = new AbortController();
      const stop = AbortSignal.any([options.signal, stopping.signal]);
      const ended = Promise.withResolvers<string>();
      const giveUp: ((how: string) => void)[] = [];
      const follow = async () => {
        const died: number[] = [];
        for (let times = 1; ; times += 1) {
          const how = await current.ended;
          if (asked || !up || stop.aborted) return ended.resolve(how);
          const now = Date.now();
          died.push(now);
          const lately = died.filter((at) => now - at < windowMs).length;
          if (lately >= deaths) {
            const words = `${how}; it died ${lately} times within ${windowMs / 1000} s`;
            for (const tell of giveUp) tell(words);
            return ended.resolve(words);
          }
          options.onRestart(spec.name, how, times);
          const pause = Math.min(firstPauseMs * 2 ** (lately - 1), longestPauseMs);
          await sleep(pause, undefined, { signal: stop }).catch(() => {});
          if (asked || stop.aborted) return ended.resolve(how);
          current = await supervisor.start(spec);
        }
      };
      void follow().catch((error: unknown) => ended.resolve(String(error)));
      const program: Program = {
        name: spec.name,
        get pid() {
          return current.pid;
        },
        ended: ended.promise,
        declareUp() {
          up = true;
          giveUp.push((how) => supervisor.died(spec.name, how));
        },
        async end() {
          asked = true;
          stopping.abort();
          await current.end();
        },
      };
      return program;
    },
    died: supervisor.died,
  };
}
