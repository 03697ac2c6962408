import type { LayerOutcome } from '../layer/run.ts';
import type { Standing } from '../plan/schedule.ts';
import { goOnWith } from '../settle/go-on.ts';
import { claimGate, shownName } from './graph.ts';
import type { LayersContext } from './layers.ts';

/** What never started is in the report too, as skipped. */
export function noteUnstarted(
  id: string,
  dependencies: readonly string[],
  standing: Standing,
  { run, progress, operation }: LayersContext,
): void {
  if (standing.status !== 'blocked' && standing.status !== 'skipped') return;
  const name = shownName(id);
  if (standing.status === 'blocked') {
    const how = run.signal.aborted ? 'was stopped' : 'failed';
    run.log.from(name, `skipped: ${standing.by.map(shownName).join(', ')} ${how}`);
  }
  if (id === claimGate) {
    progress.gates.set(name, {
      name,
      after: run.castle.claim?.after ?? '',
      ran: undefined,
      verdict: 'skipped',
    });
    return;
  }
  const waited = dependencies.map(shownName);
  progress.layers.set(name, {
    name,
    dependencies: waited,
    ran: undefined,
    verdict: 'skipped',
    retries: 0,
    phases: [],
    ...(operation === 'destroy' ? { note: standsNote(standing) } : {}),
  });
}

/** What a layer that was stopped left, and how to go on from it. */
export function cancelledNote(
  name: string,
  { verdict, error }: LayerOutcome,
  { run, progress, operation }: LayersContext,
): string {
  if (verdict === 'handed-over')
    return 'Its engine was asked to stop and is finishing what it is at; the step after this one waits for it.';
  const left = error === undefined ? '' : `${error.what} ${error.why} `;
  const command = operation === 'destroy' ? 'destroy' : undefined;
  const fromNothing = progress.fromNothing === undefined ? undefined : run.castle.name;
  return `${left}${goOnWith(name, command, fromNothing)}`;
}

function standsNote(standing: Standing): string {
  if (standing.status !== 'blocked') return 'It was not begun, so what it made still stands.';
  const by = standing.by.map(shownName).join(', ');
  return `What it made still stands, for ${by} ${standing.by.length === 1 ? 'stands' : 'stand'} on it and could not be destroyed.`;
}
