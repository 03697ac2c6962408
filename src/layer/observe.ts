import type { Diagnostic, EngineEvent } from './events.ts';
import type { Claimed } from './state.ts';

const keptLines = 40;

/** What one attempt's output said, gathered line by line in bounded memory. Times are epoch milliseconds. */
export interface Observation {
  readonly errors: readonly Diagnostic[];
  readonly claimed: Claimed;
  /** Counts of the engine's closing summary; undefined where it never came. */
  readonly changes: { readonly add: number; readonly change: number; readonly remove: number } | undefined;
  /** The engine started (init and Terragrunt's own work are over) and the plan was made. */
  readonly engineStarted: number | undefined;
  readonly planned: number | undefined;
  readonly summarised: number | undefined;
  /** The last lines of both streams, oldest first, for the failure's message. */
  readonly tail: readonly string[];
}

export interface Observer {
  event(event: EngineEvent): void;
  /** A line of Terragrunt's own, or of anything else, worth keeping for a failure. */
  line(text: string): void;
  readonly seen: Observation;
}

export function createObserver(): Observer {
  const errors: Diagnostic[] = [];
  const claimed = new Map<string, 'present' | 'absent'>();
  const tail: string[] = [];
  const seen: { -readonly [Key in keyof Observation]: Observation[Key] } = {
    errors,
    claimed,
    changes: undefined,
    engineStarted: undefined,
    planned: undefined,
    summarised: undefined,
    tail,
  };
  const keep = (text: string) => {
    tail.push(text);
    if (tail.length > keptLines) tail.shift();
  };
  return {
    seen,
    line: keep,
    event(event) {
      switch (event.type) {
        case 'version':
          seen.engineStarted = Date.parse(event['@timestamp']);
          return;
        case 'diagnostic':
          if (event.diagnostic.severity === 'error' && errors.length < keptLines)
            errors.push(event.diagnostic);
          return keep(`${event.diagnostic.severity}: ${event.diagnostic.summary}`);
        case 'change_summary':
          if (event.changes.operation === 'plan') seen.planned = Date.parse(event['@timestamp']);
          else {
            seen.changes = event.changes;
            seen.summarised = Date.parse(event['@timestamp']);
          }
          return;
        case 'apply_complete': {
          const { action, resource } = event.hook;
          if (action === 'delete') claimed.set(resource.addr, 'absent');
          else if (action === 'create' || action === 'update') claimed.set(resource.addr, 'present');
          return;
        }
        case 'provision_progress':
          return keep(event.hook.output);
        case 'other':
          return keep(event.text);
        default:
          return;
      }
    },
  };
}
