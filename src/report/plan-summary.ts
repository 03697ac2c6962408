import type { Simulation } from '../insight/forecast.ts';
import { reduce } from '../plan/reduce.ts';
import type { Staging } from '../plan/staging.ts';
import { createPage, literal } from './markdown.ts';
import type { PlannedRun } from './planned.ts';
import { forecastRows, shortened } from './planned-words.ts';
import { simulationRows } from './simulated.ts';
import { duration } from './words.ts';

/** Other steps write into the same summary, which GitHub drops whole past 1 MiB. */
const limitBytes = 256 * 1024;
/** A graph of more is no help to anybody. */
const mostDrawn = 60;

/** A plan as a GitHub job summary: its stages as a table, its graph drawn, and what each way is expected to take. */
export function renderPlanSummary(
  castle: string,
  planned: PlannedRun,
  staging: Staging,
  shown: (id: string) => string,
  simulation?: Simulation,
): string {
  const page = createPage(limitBytes);
  page.add(`## 🗺️ ${literal(`Plan of ${castle}: ${planned.mode}`)}`);
  const rows = staging.stages.flatMap((legs, stage) =>
    legs.map(({ nodes, seconds }) => [
      String(stage),
      literal(shortened(nodes.map(shown), ', ')),
      duration(seconds),
    ]),
  );
  page.table(['Stage', 'Leg', 'Expected'], rows);
  const { length } = staging.graph.order;
  if (length > 0 && length <= mostDrawn) page.add(`\`\`\`mermaid\n${drawn(staging, shown)}\n\`\`\``);
  page.table(
    ['Forecast', ''],
    forecastRows(planned).map(([name, words]) => [literal(name), literal(words)]),
  );
  if (simulation !== undefined) {
    const { rows, notes } = simulationRows(simulation);
    page.table(
      ['Way', 'Takes', 'In past runs'],
      rows.map((row) => row.map(literal)),
    );
    page.add(literal(notes.join(' ')));
  }
  return page.text((leftOut) => `**Shortened**: ${leftOut} parts are left out; \`plan --json\` has all.`);
}

/** The graph as a Mermaid flowchart, stage by stage, the critical path in bold; of a layer's name only letters and the like. */
function drawn({ graph, stages, forecast }: Staging, shown: (id: string) => string): string {
  const keys = new Map(graph.order.map((id, index) => [id, `n${index}`]));
  const keyOf = (id: string) => keys.get(id) ?? '';
  const groups = stages.flatMap((legs, stage) => [
    `  subgraph s${stage}["stage ${stage}"]`,
    ...legs.flatMap(({ nodes }) => nodes.map((id) => `    ${keyOf(id)}["${tame(shown(id))}"]`)),
    '  end',
  ]);
  const arrows = [...reduce(graph).dependencies].flatMap(([id, before]) =>
    before.map((other) => `  ${keyOf(other)} --> ${keyOf(id)}`),
  );
  return [
    'flowchart LR',
    ...groups,
    ...arrows,
    '  classDef critical stroke-width:3px',
    `  class ${forecast.criticalPath.map(keyOf).join(',')} critical`,
  ].join('\n');
}

function tame(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N} ._/-]+/gu, ' ').slice(0, 60);
}
