import type { Writable } from 'node:stream';

/** Where people's words go. Every line passes `redact` last, so no part can print a secret past it. */
export interface Log {
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
  /** Shown only with --debug (Action: step debug). */
  debug(text: string): void;
  /** One line of a part's own output, e.g. a layer's: shown with the part's name before it. */
  from(source: string, text: string): void;
}

export interface LogOptions {
  readonly out: Writable;
  readonly color: boolean;
  readonly quiet: boolean;
  readonly debug: boolean;
  readonly redact: (text: string) => string;
}

const paint = { dim: 2, red: 31, yellow: 33 } as const;
const laneColors = [36, 35, 34, 32, 33, 96, 95, 94] as const;

export function createLog(options: LogOptions): Log {
  const lanes = new Map<string, number>();
  const sgr = (code: number, text: string) => (options.color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const write = (text: string) => {
    options.out.write(`${options.redact(text)}\n`);
  };
  const lane = (source: string) => {
    const known = lanes.get(source) ?? laneColors[lanes.size % laneColors.length] ?? 36;
    lanes.set(source, known);
    return sgr(known, `[${source}]`);
  };
  return {
    info: (text) => options.quiet || write(text),
    warn: (text) => write(`${sgr(paint.yellow, 'warning:')} ${text}`),
    error: (text) => write(sgr(paint.red, text)),
    debug: (text) => options.debug && write(sgr(paint.dim, text)),
    from: (source, text) => options.quiet || write(`${lane(source)} ${text}`),
  };
}

/** A log that keeps nothing: for callers that want only the answer. */
export const silentLog: Log = { info() {}, warn() {}, error() {}, debug() {}, from() {} };
