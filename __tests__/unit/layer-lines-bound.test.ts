import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundLines } from '../../src/layer/lines.ts';
import { createSplitter, longestLine } from '../../src/layer/split.ts';
import { holds } from '../support/property.ts';

function bounded(options: { perWindow: number; windowMs: number; longest?: number; secret?: string }) {
  const shown: string[] = [];
  const clock = { now: 0 };
  const lines = boundLines((text) => shown.push(text), {
    ...options,
    redact: (text) => (options.secret === undefined ? text : text.replaceAll(options.secret, '***')),
    now: () => clock.now,
  });
  return { shown, clock, lines };
}

describe('the lines that are shown', () => {
  test('are so many a window; the rest is counted and told once, when the window is over', () => {
    const { shown, clock, lines } = bounded({ perWindow: 2, windowMs: 1000 });
    for (let line = 0; line < 12_347; line += 1) lines.show(`line ${line}`);
    expect(shown).toEqual(['line 0', 'line 1']);
    clock.now = 1000;
    lines.show('later');
    expect(shown).toEqual(['line 0', 'line 1', '… 12,345 lines left out', 'later']);
    lines[Symbol.dispose]();
    expect(shown).toHaveLength(4);
  });

  test('are told to be left out also where no further line comes, and at the end', async () => {
    const { shown, lines } = bounded({ perWindow: 1, windowMs: 20 });
    lines.show('a');
    lines.show('b');
    await expect.poll(() => shown, { timeout: 5_000 }).toEqual(['a', '… 1 line left out']);
    lines.show('c');
    lines[Symbol.dispose]();
    expect(shown).toEqual(['a', '… 1 line left out', '… 1 line left out']);
  });

  test('are all there where they come slowly', () => {
    const { shown, clock, lines } = bounded({ perWindow: 1, windowMs: 1000 });
    for (let line = 0; line < 50; line += 1) {
      lines.show(`line ${line}`);
      clock.now += 1000;
    }
    expect(shown).toHaveLength(50);
  });

  test('are cut where they are long, but never through a secret', () => {
    const { shown, lines } = bounded({
      perWindow: 9,
      windowMs: 1000,
      longest: 12,
      secret: 'hunter2-hunter2',
    });
    lines.show('password hunter2-hunter2 was refused');
    expect(shown[0]).toMatch(/^password \*\*\* … \(\d+ characters\)$/);
  });

  test('with those left out are as many as came', () => {
    holds(
      fc.property(fc.array(fc.nat({ max: 400 }), { maxLength: 200 }), (pauses) => {
        const { shown, clock, lines } = bounded({ perWindow: 3, windowMs: 1000 });
        for (const pause of pauses) {
          clock.now += pause;
          lines.show('line');
        }
        lines[Symbol.dispose]();
        const left = shown.map((text) => Number(/^… (\d+)/.exec(text)?.[1] ?? 0));
        const plain = shown.filter((text) => text === 'line').length;
        expect(plain + left.reduce((sum, count) => sum + count, 0)).toBe(pauses.length);
      }),
    );
  });
});

describe('bytes become lines', () => {
  test('the same, however they are cut into chunks', () => {
    holds(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.nat({ max: 20 }), (texts, size) => {
        const lines = texts.map((text) => text.replaceAll('\n', ' '));
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const splitter = createSplitter();
        const found: string[] = [];
        for (let at = 0; at < bytes.length; at += size + 1) {
          found.push(...splitter.add(bytes.subarray(at, at + size + 1)));
        }
        // The decoder drops a byte order mark at the very start.
        const whole = lines.join('\n').replace(/^\ufeff/, '');
        expect([...found, ...splitter.end()].join('\n')).toBe(whole);
      }),
    );
  });

  test('a line longer than the limit is one line, cut, and the next one is whole', () => {
    const splitter = createSplitter();
    const chunk = Buffer.from('x'.repeat(300_000));
    const lines = Array.from({ length: 8 }, () => splitter.add(chunk)).flat();
    expect([...lines, ...splitter.add(Buffer.from('end\nnext\n'))].map(({ length }) => length)).toEqual([
      longestLine,
      4,
    ]);
  });

  test('a line that was begun when the file was emptied does not run into what follows', () => {
    const splitter = createSplitter();
    const half = Buffer.from('half ä').subarray(0, 6);
    expect(splitter.add(half)).toEqual([]);
    expect(splitter.cut()).toEqual(['half ']);
    expect(splitter.add(Buffer.from('new\n'))).toEqual(['new']);
    expect(splitter.end()).toEqual([]);
  });
});
