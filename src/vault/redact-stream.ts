import { maskRanges, type Range } from './mask.ts';
import type { Needles } from './needles.ts';

/** Text that is cut anywhere, redacted as if it were whole. */
export interface TextStream {
  /** What of the text so far may be shown. Holds back what may be the beginning of a secret: never more than 255 characters. */
  push(text: string): string;
  /** No more will come: the rest. */
  end(): string;
  /**
   * No more will come, though there was more: the rest without what may be the beginning of a secret, which nobody could
   * tell any more.
   */
  cut(): string;
}

export function createTextStream(needles: Needles): TextStream {
  let held = '';
  /** How many of the held characters belong to a secret that is masked already. */
  let covered = 0;
  /** The last thing that was handed out was a mask, and what is held goes on right behind it. */
  let open = false;
  const take = (text: string, until: number) => {
    const ranges: Range[] = [[0, covered], ...needles.rangesIn(text)];
    const masked = maskRanges(text, covered > 0 ? ranges : ranges.slice(1), until, open);
    for (const [from, to] of ranges) if (from < until) covered = Math.max(covered, to);
    covered = Math.max(0, covered - until);
    held = text.slice(until);
    open = masked.open;
    return masked.text;
  };
  const begun = (text: string) => needles.beginning(text);
  return {
    push(text) {
      const all = held + text;
      return take(all, begun(all));
    },
    end() {
      const rest = take(held, held.length);
      [covered, open] = [0, false];
      return rest;
    },
    cut() {
      const shown = take(held, begun(held));
      [held, covered, open] = ['', 0, false];
      return shown;
    },
  };
}

/** The same for bytes, cut inside a character too. */
export interface ByteStream {
  push(bytes: Uint8Array): string;
  end(): string;
}

export function decoded(stream: TextStream): ByteStream {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return {
    push: (bytes) => stream.push(decoder.decode(bytes, { stream: true })),
    end: () => stream.push(decoder.decode()) + stream.end(),
  };
}
