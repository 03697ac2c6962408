import type { PlannedRun } from './planned.ts';
import { forecastRows, shortened } from './planned-words.ts';

/** The stages and the forecast of a plan, for the terminal. */
export function renderPlanned(planned: PlannedRun): string {
  const stages = planned.stages.map((legs, index) => {
    const names = legs.map(({ layers }) => shortened(layers.split(','), ', '));
    return [`Stage ${index}`, shortened(names, ' | ')] as const;
  });
  return [...stages, ...forecastRows(planned)]
    .map(([name, words]) => `${name.padEnd(16)} ${words}`)
    .join('\n');
}
