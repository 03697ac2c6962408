import { type Diagnostic, type EngineEvent, isHeartbeat } from './events.ts';
import { printedErrors } from './printed.ts';
import { createSlowest, type TimedResource } from './slowest.ts';
import type { Claimed } from './state.ts';
import { createTail } from './words.ts';

const keptErrors = 40;
/** Of a plan; its counts are kept whole. */
const keptPlanned = 2_000;

/** One change that a plan has: an address, never a value. */
export interface PlannedChange {
  readonly address: string;
  /** As the engine calls it: create, update, delete, replace, move, import, forget … */
  readonly action: string;
}

/** What a plan would do. */
export interface Proposal {
  readonly add: number;
  readonly change: number;
  readonly remove: number;
  readonly import: number;
  readonly move: number;
  /** The first of its changes; the counts are of all. */
  readonly changes: readonly PlannedChange[];
  /** Names of outputs that would be others. */
  readonly outputs: readonly string[];
}

/** What one attempt's output said, gathered line by line in bounded memory. Times are epoch milliseconds. */
export interface Observation {
  readonly errors: readonly Diagnostic[];
  readonly claimed: Claimed;
  /** What was begun and not finished so far: address → action. What ended in an error stays in it. */
  readonly begun: ReadonlyMap<string, string>;
  /** Addresses whose change was finished, in the order of the engine's words. */
  readonly completed: ReadonlySet<string>;
  /** What took longest among what was changed or read while applying, the longest first; ten at most. */
  readonly slowest: readonly TimedResource[];
  /** Finished changes (a replacement is two), and how many the plan has; undefined where no plan was made. */
  readonly finished: number;
  readonly toDo: number | undefined;
  /** What the plan would do; undefined until it is whole. */
  readonly proposal?: Proposal;
  /** Counts of the engine's closing summary; undefined where it never came. */
  readonly changes: { readonly add: number; readonly change: number; readonly remove: number } | undefined;
  /** Dependencies whose outputs Terragrunt made up from `mock_outputs`. */
  readonly mocked: readonly string[];
  /** The engine started (init and Terragrunt's own work are over) and the plan was made. */
  readonly engineStarted: number | undefined;
  readonly planned: number | undefined;
  readonly summarised: number | undefined;
  /** When the last line came that is no heartbeat; the start of the watch where none has come. */
  readonly lastLife: number;
  /** The last lines of both streams, oldest first, for the failure's message: 40 of at most 400 characters. */
  readonly tail: readonly string[];
}

export interface Observer {
  event(event: EngineEvent): void;
  /** A line of Terragrunt's own, or of anything else, worth keeping for a failure. */
  line(text: string): void;
  readonly seen: Observation;
}

/** Terragrunt 1.1 applies with made-up outputs and exits 0; this warning is the only word about it. */
const mockWarning =
  /^Config (\S+) is a dependency of \S+ that has no outputs, but mock outputs provided and returning/;

export function createObserver(now: () => number = Date.now): Observer {
  const errors: Diagnostic[] = [];
  const claimed = new Map<string, 'present' | 'absent'>();
  const begun = new Map<string, string>();
  const completed = new Set<string>();
  const mocked: string[] = [];
  const plannedChanges: PlannedChange[] = [];
  const slowest = createSlowest();
  let moved = 0;
  const tail = createTail();
  const seen: { -readonly [Key in keyof Observation]: Observation[Key] } = {
    errors,
    claimed,
    begun,
    completed,
    slowest: slowest.list,
    finished: 0,
    toDo: undefined,
    changes: undefined,
    mocked,
    engineStarted: undefined,
    planned: undefined,
    summarised: undefined,
    lastLife: now(),
    tail: tail.lines,
  };
  const noteError = (error: Diagnostic) => {
    if (errors.length < keptErrors) errors.push(error);
  };
  const notePrinted = (error: Diagnostic) => {
    const known = errors.some(({ summary, detail }) => summary === error.summary && detail === error.detail);
    if (!known) noteError(error);
  };
  const noteChange = (address: string, action: string | undefined) => {
    if (!changes(action)) return;
    begun.delete(address);
    completed.add(address);
    seen.finished += 1;
    claimed.set(address, action === 'delete' ? 'absent' : 'present');
  };
  return {
    seen,
    line(text) {
      seen.lastLife = now();
      const mock = mockWarning.exec(text)?.[1];
      if (mock !== undefined && mocked.length < keptErrors) mocked.push(mock);
      for (const error of printedErrors(text)) notePrinted(error);
      tail.add(text);
    },
    event(event) {
      if (isHeartbeat(event)) return;
      seen.lastLife = now();
      switch (event.type) {
        case 'version':
          seen.engineStarted = Date.parse(event['@timestamp']);
          return;
        case 'diagnostic': {
          const { severity, summary, detail } = event.diagnostic;
          if (severity === 'error') noteError(event.diagnostic);
          return tail.add(`${severity}: ${summary}\n${detail}`);
        }
        case 'change_summary': {
          const { add, change, remove, operation } = event.changes;
          if (operation === 'plan') {
            seen.planned = Date.parse(event['@timestamp']);
            seen.toDo = add + change + remove;
            seen.proposal = {
              add,
              change,
              remove,
              import: event.changes.import,
              move: moved,
              changes: plannedChanges,
              outputs: [],
            };
          } else {
            seen.changes = event.changes;
            seen.summarised = Date.parse(event['@timestamp']);
          }
          return;
        }
        case 'planned_change': {
          const { resource, action, previous_resource: before, importing } = event.change;
          if (action === 'read' || (action === 'noop' && importing === undefined)) return;
          if (before !== undefined) moved += 1;
          if (plannedChanges.length < keptPlanned)
            plannedChanges.push({ address: resource.addr, action: action === 'noop' ? 'import' : action });
          return;
        }
        case 'outputs':
          if (seen.proposal !== undefined)
            seen.proposal = { ...seen.proposal, outputs: changedOutputs(event.outputs) };
          return;
        case 'apply_start': {
          const { action, resource } = event.hook;
          slowest.start(resource.addr, Date.parse(event['@timestamp']));
          if (changes(action)) begun.set(resource.addr, action);
          return tail.add(event['@message']);
        }
        case 'apply_complete':
          slowest.end(event.hook, Date.parse(event['@timestamp']));
          noteChange(event.hook.resource.addr, event.hook.action);
          return tail.add(event['@message']);
        case 'apply_errored':
          slowest.end(event.hook, Date.parse(event['@timestamp']));
          return tail.add(event['@message']);
        case 'provision_errored':
          return tail.add(event['@message']);
        case 'provision_progress':
          return tail.add(event.hook.output);
        case 'other':
          return tail.add(event.text);
        default:
          return;
      }
    },
  };
}

function changedOutputs(
  outputs: Readonly<Record<string, { readonly action?: string | undefined }>>,
): string[] {
  return Object.entries(outputs)
    .filter(([, { action = 'noop' }]) => action !== 'noop')
    .map(([name]) => name);
}

/** Reading a data source or opening an ephemeral value has a start and an end too, but changes nothing. */
function changes(action: string | undefined): action is 'create' | 'update' | 'delete' {
  return action === 'create' || action === 'update' || action === 'delete';
}
