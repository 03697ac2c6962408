import { goOnFromNothing } from '../rebirth/stranded.ts';
import type { Report } from '../report/schema.ts';

/** How to go on with a layer that was stopped half-way, by what kind of run it was; `fromNothing`: of which castle. */
export function goOnWith(layer: string, command: Report['command'], fromNothing?: string): string {
  if (fromNothing !== undefined) return goOnFromNothing(fromNothing);
  return command === 'destroy'
    ? 'Run destroy again to go on; what is gone already is found absent.'
    : `Run again with --from ${layer} to go on.`;
}
