/** What of a line is kept; the rest of a longer one is dropped, so that a flood without newlines cannot fill memory. */
export const longestLine = 1024 * 1024;

/** Bytes in, whole lines out, at most one line in memory. */
export interface Splitter {
  add(bytes: Uint8Array): string[];
  /** What follows does not belong to what came: the line that was begun, as far as it came. */
  cut(): string[];
  /** As `cut`, and what follows begins within a line: it counts from the next newline on. */
  resume(): string[];
  /** No more will come: the last line, where it has no newline. */
  end(): string[];
}

/**
 * A line's surplus is dropped and not handed on as a second line: a secret that lay across the two would be whole in
 * neither, and so be shown by both. What is kept of a line that was cut passes `trim`, which knows where a secret begins
 * at its end: its first half alone nobody could tell any more.
 */
export function createSplitter(trim: (text: string) => string = (text) => text): Splitter {
  let decoder = new TextDecoder();
  let partial = '';
  let short = false;
  let skipping = false;
  const grow = (text: string) => {
    const room = longestLine - partial.length;
    short ||= text.length > room;
    if (room > 0) partial += text.slice(0, room);
  };
  const take = (): string => {
    const line = short ? trim(partial) : partial;
    [partial, short] = ['', false];
    return line;
  };
  const begun = () => (partial === '' ? [] : [take()]);
  const cut = () => {
    decoder = new TextDecoder();
    short = partial !== '';
    return begun();
  };
  return {
    add(bytes) {
      const lines = decoder.decode(bytes, { stream: true }).split('\n');
      if (skipping) {
        if (lines.length === 1) return [];
        lines.shift();
        skipping = false;
      }
      const last = lines.pop() ?? '';
      const whole = lines.map((line) => {
        if (partial === '' && line.length <= longestLine) return line;
        grow(line);
        return take();
      });
      grow(last);
      return whole;
    },
    cut,
    resume() {
      skipping = true;
      return cut();
    },
    end() {
      const rest = decoder.decode();
      if (!skipping) grow(rest);
      return begun();
    },
  };
}
