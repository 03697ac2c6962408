import type { Report } from '../report/schema.ts';

/** How to go on with a layer that was stopped half-way, by what kind of run it was. */
export function goOnWith(layer: string, command: Report['command']): string {
  return command === 'destroy'
    ? 'Run destroy again to go on; what is gone already is found absent.'
    : `Run again with --from ${layer} to go on.`;
}
