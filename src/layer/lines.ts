export interface LineBounds {
  /** How many lines are shown in each window, and how long that is. */
  readonly perWindow: number;
  readonly windowMs: number;
  /** Characters of a line that are shown. */
  readonly longest?: number;
  /**
   * Takes the secrets out, before a line is cut: half a secret, at the cut, would be known to nobody who redacts later.
   */
  readonly redact: (text: string) => string;
  readonly now?: () => number;
}

/** Shows lines, but not more than people can read. Disposing tells what was left out last. */
export interface BoundedLines extends Disposable {
  show(text: string): void;
}

/** For one layer: some lines a second, each a few screens' lines at most. */
export const usualBounds = { perWindow: 200, windowMs: 1_000, longest: 4_000 } as const;

/**
 * Passes at most `perWindow` lines a window on to `show`; the others are counted and told once, when the window is
 * over. A window begins with its first line, so a calm layer is never cut.
 */
export function boundLines(show: (text: string) => void, bounds: LineBounds): BoundedLines {
  const { perWindow, windowMs, longest = usualBounds.longest, redact, now = Date.now } = bounds;
  let began = Number.NEGATIVE_INFINITY;
  let shown = 0;
  let leftOut = 0;
  let timer: NodeJS.Timeout | undefined;

  const tell = () => {
    clearTimeout(timer);
    timer = undefined;
    if (leftOut > 0)
      show(`… ${leftOut.toLocaleString('en-US')} ${leftOut === 1 ? 'line' : 'lines'} left out`);
    leftOut = 0;
  };
  return {
    show(text) {
      if (now() - began >= windowMs) {
        tell();
        began = now();
        shown = 0;
      }
      if (shown < perWindow) {
        shown += 1;
        show(cut(redact(text), longest));
        return;
      }
      leftOut += 1;
      timer ??= setTimeout(tell, Math.max(0, began + windowMs - now())).unref();
    },
    [Symbol.dispose]: tell,
  };
}

function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest)} … (${text.length.toLocaleString('en-US')} characters)`;
}
