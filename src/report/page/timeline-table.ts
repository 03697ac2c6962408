import type { Lane } from '../lanes.ts';
import type { Report } from '../schema.ts';
import { duration } from '../words.ts';
import { type Html, html, name, names } from './html.ts';
import { table } from './table.ts';

const mostGaps = 20;

const columns = [
  { title: 'Part' },
  { title: 'Kind' },
  { title: 'From', numeric: true },
  { title: 'To', numeric: true },
  { title: 'Time', numeric: true },
  { title: 'Verdict' },
  { title: 'Retries', numeric: true },
  { title: 'Phases' },
  { title: 'Waited for' },
];

/** The timeline for those who cannot see it, or want its numbers. */
export function timelineTable(report: Report, lanes: readonly Lane[]): Html {
  const layers = new Map(report.layers.map((layer) => [layer.name, layer]));
  const gates = new Map(report.gates.map((gate) => [gate.name, gate]));
  const rows = lanes.map(({ name: of, kind, critical, spans }) => {
    const layer = kind === 'layer' ? layers.get(of) : undefined;
    const gate = kind === 'gate' ? gates.get(of) : undefined;
    const from = Math.min(...spans.map((span) => span.from));
    const to = Math.max(...spans.map((span) => span.to));
    const took = spans.reduce((sum, span) => sum + span.to - span.from, 0);
    return [
      name(of),
      `${kind}${critical ? ', critical' : ''}`,
      kind === 'milestone' ? '' : duration(from),
      duration(to),
      kind === 'milestone' ? '' : duration(took),
      layer?.verdict ?? gate?.verdict ?? spans.at(-1)?.verdict ?? '',
      layer === undefined ? '' : String(layer.retries),
      phasesText(layer?.phases ?? {}),
      names(layer?.dependencies ?? (gate === undefined ? [] : [gate.after]), 12),
    ];
  });
  return html`<details><summary>The timeline in figures</summary>${table('The timeline in figures', columns, rows)}${gaps(report)}</details>`;
}

function phasesText(phases: Readonly<Record<string, number>>): string {
  return Object.entries(phases)
    .slice(0, 12)
    .map(([phase, seconds]) => `${phase} ${duration(seconds)}`)
    .join(' · ');
}

function gaps({ gaps: all }: Report): Html | undefined {
  if (all.length === 0) return undefined;
  const longest = all.toSorted((a, b) => b.to - b.from - (a.to - a.from)).slice(0, mostGaps);
  const rows = longest.map(({ inside, after, before, from, to }) => [
    name(inside),
    after === null ? '' : name(after),
    before === null ? '' : name(before),
    duration(from),
    duration(to),
    duration(to - from),
  ]);
  const head = [
    { title: 'Gap in' },
    { title: 'After' },
    { title: 'Before' },
    { title: 'From', numeric: true },
    { title: 'To', numeric: true },
    { title: 'Time', numeric: true },
  ];
  const rest = all.length - longest.length;
  return html`${table('Gaps', head, rows)}${rest === 0 ? '' : html`<p class="quiet">The ${mostGaps} longest of ${all.length} gaps.</p>`}`;
}
