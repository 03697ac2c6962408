import type { Journal } from '../journal/journal.ts';
import type { Lease } from '../lease/hold.ts';
import type { Ledger, SpanKind } from '../report/ledger.ts';

const told = new Set<SpanKind>(['phase', 'gate', 'milestone']);

/** A ledger whose phases journal and lease are told of as they begin: where a run is, or died, is then known. */
export function toldLedger(ledger: Ledger, journal: Journal, lease: Pick<Lease, 'at'>): Ledger {
  const tell = (name: string, kind: SpanKind) => {
    if (!told.has(kind)) return;
    journal.write({ type: 'phase', name });
    lease.at(name);
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
