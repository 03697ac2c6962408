import { toPhoenixError } from '../errors.ts';

export const spanKinds = ['phase', 'layer', 'gate', 'milestone', 'tool', 'step', 'job', 'queue'] as const;
export type SpanKind = (typeof spanKinds)[number];

export const spanVerdicts = ['ok', 'failed', 'cancelled', 'unfinished'] as const;
export type SpanVerdict = (typeof spanVerdicts)[number];

/** A stretch of the run with a name. */
export interface Span {
  readonly id: number;
  /** The id of the span it is a part of; null for a part of the run itself. */
  readonly parent: number | null;
  readonly name: string;
  readonly kind: SpanKind;
  /** Seconds since the run's start. */
  readonly from: number;
  readonly to: number;
  readonly verdict: SpanVerdict;
}

export interface OpenSpan {
  readonly id: number;
  /** Ends the span now. The first call counts, so that a clean-up may close what a part has closed already. */
  close(verdict?: SpanVerdict): void;
}

/** Keeps the time of everything the run does. Every second that no span covers shows up as unattributed. */
export interface Ledger {
  readonly startedAt: Date;
  /** Seconds since the run's start: the wall clock that the spans are held against. */
  seconds(): number;
  open(name: string, kind: SpanKind, parent?: OpenSpan): OpenSpan;
  /** Times `run`; the span is `failed` where it throws, `cancelled` where it throws an error of that class. */
  span<T>(name: string, kind: SpanKind, run: (span: OpenSpan) => Promise<T>, parent?: OpenSpan): Promise<T>;
  /** A span known only afterwards, e.g. from a tool's output. Times are readings of the ledger's clock (ms). */
  record(name: string, kind: SpanKind, startMs: number, endMs: number, parent?: OpenSpan): void;
  /** All spans by start; those still open end now and are `unfinished`. */
  snapshot(): Span[];
}

/**
 * A clock that cannot go back and whose readings are milliseconds since the epoch, so that times which other programs
 * wrote down can be recorded beside its own.
 */
export function epochClock(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * A ledger for a run that began at `startedAt`. `startMs` is the clock's reading at that moment: with `epochClock` give
 * `performance.timeOrigin` to count the start of the process as well. Left out, the run begins now.
 */
export function createLedger(clock: () => number, startedAt: Date, startMs: number = clock()): Ledger {
  const spans: Span[] = [];
  const open = new Map<number, Omit<Span, 'to' | 'verdict'>>();
  let lastId = 0;
  const since = (ms: number) => Math.max(0, (ms - startMs) / 1000);
  const begin = (name: string, kind: SpanKind, from: number, parent: OpenSpan | undefined) => {
    lastId += 1;
    return { id: lastId, parent: parent?.id ?? null, name, kind, from };
  };
  const ledger: Ledger = {
    startedAt,
    seconds: () => since(clock()),
    open(name, kind, parent) {
      const begun = begin(name, kind, since(clock()), parent);
      open.set(begun.id, begun);
      return {
        id: begun.id,
        close(verdict = 'ok') {
          if (open.delete(begun.id)) spans.push({ ...begun, to: since(clock()), verdict });
        },
      };
    },
    async span(name, kind, run, parent) {
      const span = ledger.open(name, kind, parent);
      try {
        const result = await run(span);
        span.close('ok');
        return result;
      } catch (thrown) {
        span.close(toPhoenixError(thrown).class === 'cancelled' ? 'cancelled' : 'failed');
        throw thrown;
      }
    },
    record(name, kind, startMs, endMs, parent) {
      const from = since(startMs);
      spans.push({ ...begin(name, kind, from, parent), to: Math.max(from, since(endMs)), verdict: 'ok' });
    },
    snapshot() {
      const now = since(clock());
      const unfinished = [...open.values()].map(
        (span): Span => ({ ...span, to: now, verdict: 'unfinished' }),
      );
      return [...spans, ...unfinished].sort((a, b) => a.from - b.from || a.id - b.id);
    },
  };
  return ledger;
}
