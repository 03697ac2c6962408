import type { Affected } from '../affected/affected.ts';
import type { Claimed } from '../cluster/claim.ts';
import type { PhoenixError } from '../errors.ts';
import type { GateResult, LayerResult, MilestoneResult } from '../report/build.ts';
import type { Report } from '../report/schema.ts';
import type { LeakAudit } from '../vault/audit.ts';
import type { ProbeResult } from '../verify/result.ts';
import type { Access } from './kubeconfig.ts';

/** What is known of a run so far, kept so that a run that ends half-way still reports all of it. */
export interface Progress {
  readonly layers: Map<string, LayerResult>;
  readonly gates: Map<string, GateResult>;
  readonly milestones: Map<string, MilestoneResult>;
  /** By name: those of the milestones, then those of `verify`. */
  readonly probes: Map<string, ProbeResult>;
  /** In the order they came; the first decides the verdict. */
  readonly failures: { readonly name: string; readonly error: PhoenixError }[];
  /** What a job says in an annotation of its own, beside its errors. */
  readonly cautions: string[];
  /** How often a program of a real node was started again; undefined where nobody counts. */
  restarts?: number;
  readonly versions: Record<string, string>;
  readonly standIns: Report['standIns'];
  /** The VMs that a nuke found, and what became of them. */
  machines?: NonNullable<Report['machines']>;
  leaks: LeakAudit;
  /** By layer, how often this run has been at it: a run that destroys and rebuilds has each several times. */
  readonly attempts: Map<string, number>;
  /** Epoch milliseconds from which on something of the castle was gone, be it by a run before. */
  gone?: number;
  /** The run's id; empty until it has its castle. */
  run: string;
  access?: Access;
  claimed?: Claimed;
  identity?: Report['identity'];
  witness?: Report['witness'];
  database?: Report['database'];
  leftovers?: Report['leftovers'];
  fromNothing?: Report['fromNothing'];
  /** What the range of commits touches, where only that was asked for. */
  affected?: Affected;
  /** What a run without a failure is called. */
  good: Exclude<Report['verdict'], 'failed' | 'cancelled'>;
}

export function createProgress(good: Progress['good'] = 'reborn'): Progress {
  return {
    good,
    run: '',
    layers: new Map(),
    attempts: new Map(),
    gates: new Map(),
    milestones: new Map(),
    probes: new Map(),
    failures: [],
    cautions: [],
    versions: {},
    standIns: [],
    leaks: { checked: 0, found: [] },
  };
}

/** What the run's failures say of it: the first one decides. */
export function verdictOf({
  failures: [first],
  good,
}: Pick<Progress, 'failures' | 'good'>): Report['verdict'] {
  if (first === undefined) return good;
  return first.error.class === 'cancelled' ? 'cancelled' : 'failed';
}

/** Notes a failure once: an error that stops several parts is told by the first. */
export function noteFailure(progress: Progress, name: string, error: PhoenixError): void {
  if (!progress.failures.some((known) => known.error === error)) progress.failures.push({ name, error });
}
