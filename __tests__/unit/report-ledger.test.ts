import { describe, expect, it } from 'vitest';
import { PhoenixError } from '../../src/errors.ts';
import { createLedger, epochClock } from '../../src/report/ledger.ts';

function timed(startMs?: number) {
  const clock = { ms: 5_000 };
  const ledger = createLedger(() => clock.ms, new Date(0), startMs);
  return { clock, ledger };
}

describe('the ledger', () => {
  it('times a span in seconds since the start of the run and gives back its result', async () => {
    const { clock, ledger } = timed();
    clock.ms += 1_500;
    const result = await ledger.span('login', 'phase', async () => {
      clock.ms += 250;
      return 42;
    });
    expect(result).toBe(42);
    expect(ledger.snapshot()).toEqual([
      { id: 1, parent: null, name: 'login', kind: 'phase', from: 1.5, to: 1.75, verdict: 'ok' },
    ]);
    expect(ledger.seconds()).toBe(1.75);
  });

  it('counts the time before it was made where it is told when the run began', () => {
    const { ledger } = timed(4_000);
    expect(ledger.seconds()).toBe(1);
  });

  it('names the parent of a span opened inside another', async () => {
    const { ledger } = timed();
    await ledger.span('engine', 'layer', (layer) => ledger.span('init', 'step', async () => {}, layer));
    const [layer, step] = ledger.snapshot();
    expect(layer?.name).toBe('engine');
    expect(step).toMatchObject({ name: 'init', parent: layer?.id });
  });

  it('marks what throws as failed, what was cancelled as cancelled, and throws on', async () => {
    const { ledger } = timed();
    const cancelled = new PhoenixError({ code: 'PHX-X', class: 'cancelled', what: '', why: '', next: '' });
    const throwing = (thrown: unknown) => () => Promise.reject(thrown);
    await expect(ledger.span('a', 'step', throwing('a string'))).rejects.toBe('a string');
    await expect(ledger.span('b', 'step', throwing(cancelled))).rejects.toBe(cancelled);
    expect(ledger.snapshot().map(({ verdict }) => verdict)).toEqual(['failed', 'cancelled']);
  });

  it('shows a span that is still open as unfinished and ending now', () => {
    const { clock, ledger } = timed();
    ledger.open('stuck', 'gate');
    clock.ms += 3_000;
    expect(ledger.snapshot()).toMatchObject([{ name: 'stuck', to: 3, verdict: 'unfinished' }]);
  });

  it('keeps the first verdict of a span that is closed twice', () => {
    const { clock, ledger } = timed();
    const span = ledger.open('layer', 'layer');
    clock.ms += 1_000;
    span.close('failed');
    clock.ms += 1_000;
    span.close('ok');
    expect(ledger.snapshot()).toMatchObject([{ to: 1, verdict: 'failed' }]);
  });

  it('never records a span before the run or one that ends before it begins', () => {
    const { ledger } = timed();
    ledger.record('early', 'tool', 0, 6_000);
    ledger.record('backwards', 'tool', 7_000, 6_000);
    expect(ledger.snapshot()).toMatchObject([
      { from: 0, to: 1 },
      { from: 2, to: 2 },
    ]);
  });

  it('has a clock whose readings fit beside the epoch times that other programs write', () => {
    expect(Math.abs(epochClock() - Date.now())).toBeLessThan(1_000);
  });
});
