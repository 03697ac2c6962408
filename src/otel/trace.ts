import { createHash } from 'node:crypto';

/** The trace of a run: its ids are made from the run's id, so that layers know them before the spans are whole. */
export interface Trace {
  /** 32 and 16 hex digits, as W3C has them. */
  readonly id: string;
  readonly root: string;
  /** The span that started Phoenix, by TRACEPARENT; undefined where there is none. */
  readonly parent: string | undefined;
  spanId(ledgerId: number): string;
}

/**
 * Goes on with the trace of TRACEPARENT; without one, all jobs of one attempt of a GitHub workflow run are one trace, and
 * elsewhere each run is its own.
 */
export function traceOf(env: NodeJS.ProcessEnv, run: string): Trace {
  const incoming = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}/.exec(env['TRACEPARENT'] ?? '');
  const [, id, parent] = incoming !== null && valid(incoming) ? incoming : [];
  const { GITHUB_RUN_ID: workflow, GITHUB_REPOSITORY: repository, GITHUB_RUN_ATTEMPT: attempt } = env;
  const seed = workflow === undefined ? run : `${repository ?? ''}/${workflow}/${attempt ?? ''}`;
  return {
    id: id ?? hexOf(`trace ${seed}`, 32),
    root: hexOf(`span ${run}`, 16),
    parent,
    spanId: (ledgerId) => hexOf(`span ${run} ${ledgerId}`, 16),
  };
}

/** What a program is told to hang its own spans below one of the run's. */
export function traceparent({ id }: Trace, spanId: string): string {
  return `00-${id}-${spanId}-01`;
}

/** Ids of zeros alone mean none, and version ff is forbidden. */
function valid([text, id = '', span = '']: readonly string[]): boolean {
  return !text?.startsWith('ff') && /[1-9a-f]/.test(id) && /[1-9a-f]/.test(span);
}

function hexOf(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}
