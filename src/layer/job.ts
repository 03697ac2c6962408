import type { Journal } from '../journal/journal.ts';
import type { Answer } from './answers.ts';
import type { Engines } from './engines.ts';
import type { Starter } from './starter.ts';

/** What an attempt asks of its layer's engine. */
export type Operation = 'apply' | 'destroy' | 'plan' | 'validate';

/** One layer as it is run: files and names only, no secret values. */
export interface LayerJob {
  readonly name: string;
  /** `apply` where left out. */
  readonly operation?: Operation;
  /** The unit's folder. */
  readonly dir: string;
  /** The layer's partition of the vault: output, report and var files live there. */
  readonly partition: string;
  readonly varFiles: readonly string[];
  /** The outputs of dependencies that this run has read back; the engine is asked for all others. */
  readonly answers?: readonly Answer[];
  readonly env: Readonly<Record<string, string>>;
  readonly terragrunt: string;
  /** The engine itself (tofu or terraform), for the read-back. */
  readonly engine: string;
  readonly starter: Starter;
  readonly run: {
    readonly id: string;
    /** Where this machine keeps what it knows of the castle's runs; see journal/home.ts. */
    readonly home: string;
    readonly journal: Journal;
    readonly engines: Engines;
  };
  /** Attempts at the layer that this run has made before, to destroy it; 0 where left out. Theirs are the first numbers. */
  readonly attemptsBefore?: number;
  readonly timeoutSeconds: number;
  /** Silence without CPU after which the attempt counts as stalled. */
  readonly stallSeconds: number;
  /** How long an interrupted engine may take to reach a safe point before it is killed. */
  readonly graceSeconds: number;
  /**
   * Whether an engine that is still stopping is left to whoever comes after (the Action's post step), which finds it by
   * the journal; else it is waited for. Asked when the run stops: only a job that is cancelled has a step that follows.
   */
  readonly handsOver: () => boolean;
  /** Takes secrets out of what the layer prints, before a long line is cut. */
  readonly redact: (text: string) => string;
  /** The same for a text whose end was lost, and with it the rest of a secret that may begin there. */
  readonly redactCut: (text: string) => string;
  /** Told the outputs that the engine calls sensitive, as soon as they are read: nothing may show them. */
  readonly learn: (outputs: ReadonlyMap<string, unknown>) => void;
  /** Told when the process runs: the moment for work that would otherwise delay its start. */
  readonly onRunning?: () => void;
}

/** The files of attempt `number` in the layer's partition. */
export function attemptFiles(partition: string, number: number) {
  const file = (name: string) => `${partition}/${number}-${name}`;
  return { stdout: file('stdout.jsonl'), stderr: file('stderr.jsonl'), report: file('report.json') };
}
