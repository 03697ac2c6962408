import { describe, expect, test } from 'vitest';
import { parseEngineLine } from '../../src/layer/events.ts';
import { createObserver } from '../../src/layer/observe.ts';

const origin = Date.UTC(2026, 10, 23);

function line(type: string, addr: string, seconds: number, more: object = {}): string {
  return JSON.stringify({
    '@timestamp': new Date(origin + seconds * 1000).toISOString(),
    '@message': `${addr}: ${type}`,
    type,
    hook: { resource: { addr }, ...more },
  });
}

function watched(...lines: string[]) {
  const observer = createObserver();
  for (const each of lines) observer.event(parseEngineLine(each));
  return observer.seen.slowest;
}

describe('the slowest resources of a layer', () => {
  test('are timed from start to end by the engine, to the millisecond, the longest first', () => {
    expect(
      watched(
        line('apply_start', 'vm.a', 0, { action: 'create' }),
        line('apply_start', 'vm.b', 0.5, { action: 'update' }),
        line('apply_complete', 'vm.a', 1.25, { action: 'create', elapsed_seconds: 1 }),
        line('apply_complete', 'vm.b', 7.5, { action: 'update', elapsed_seconds: 7 }),
      ),
    ).toEqual([
      { address: 'vm.b', action: 'update', seconds: 7 },
      { address: 'vm.a', action: 'create', seconds: 1.25 },
    ]);
  });

  test('count what was read while applying and what failed, and twice what was replaced', () => {
    expect(
      watched(
        line('apply_start', 'vm.a', 0, { action: 'delete' }),
        line('apply_complete', 'vm.a', 3, { action: 'delete' }),
        line('apply_start', 'vm.a', 3, { action: 'create' }),
        line('apply_errored', 'vm.a', 8, { action: 'create' }),
        line('apply_start', 'data.k', 0, { action: 'read' }),
        line('apply_complete', 'data.k', 4, { action: 'read' }),
      ).map(({ address, action, seconds }) => [address, action, seconds]),
    ).toEqual([
      ['vm.a', 'create', 5],
      ['data.k', 'read', 4],
      ['vm.a', 'delete', 3],
    ]);
  });

  test('are told in whole seconds by the engine where the start was lost in a flood, and not guessed without', () => {
    expect(
      watched(
        line('apply_complete', 'vm.a', 9, { action: 'create', elapsed_seconds: 6 }),
        line('apply_complete', 'vm.b', 9, { action: 'create' }),
      ),
    ).toEqual([{ address: 'vm.a', action: 'create', seconds: 6 }]);
  });

  test('are ten at most, however many there are', () => {
    const lines = Array.from({ length: 300 }, (_, index) => [
      line('apply_start', `vm.n${index}`, 0, { action: 'create' }),
      line('apply_complete', `vm.n${index}`, index % 100, { action: 'create' }),
    ]);
    const seen = watched(...lines.flat());
    expect(seen).toHaveLength(10);
    expect(seen.map(({ seconds }) => seconds)).toEqual([99, 99, 99, 98, 98, 98, 97, 97, 97, 96]);
  });
});
