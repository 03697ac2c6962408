import type { Journal } from '../journal/journal.ts';
import type { Ledger, SpanKind } from '../report/ledger.ts';

const told = new Set<SpanKind>(['phase', 'gate', 'milestone']);

/** A ledger whose phases the journal is told of as they begin: where a run died is then known. */
export function toldLedger(ledger: Ledger, journal: Journal): Ledger {
  const tell = (name: string, kind: SpanKind) => {
    if (told.has(kind)) journal.write({ type: 'phase', name });
  };
  return {
    ...ledger,
    open(name, kind, parent) {
      tell(name, kind);
      return ledger.open(name, kind, parent);
    },
    span(name, kind, run, parent) {
      tell(name, kind);
      return ledger.span(name, kind, run, parent);
    },
  };
}
