import type { Report } from '../report/schema.ts';
import type { Drill } from './schema.ts';

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number | null | undefined;
}

/** The figures for Prometheus' textfile collector. What is not known has no line: 0 would be a figure. */
export function metricsOf(
  { castle, ended }: Pick<Report, 'castle' | 'ended'>,
  drill: Drill,
  everySeconds: number,
): string {
  const { trend, rto, layers } = drill;
  const lastGood = trend?.lastGood;
  const named = (key: string, values: Readonly<Record<string, number | null>>): Sample[] =>
    Object.entries(values).map(([name, value]) => ({ labels: { [key]: name }, value }));
  const families: readonly (readonly [name: string, help: string, samples: readonly Sample[]])[] = [
    [
      'last_good_timestamp_seconds',
      'When the last good drill ended.',
      [{ value: lastGood == null ? null : Date.parse(lastGood.ended) / 1000 }],
    ],
    ['last_timestamp_seconds', 'When the last drill ended.', [{ value: Date.parse(ended) / 1000 }]],
    ['max_age_seconds', 'How old the last good drill may be.', [{ value: everySeconds }]],
    ['good', 'Whether the last drill was good.', [{ value: drill.verdict === 'good' ? 1 : 0 }]],
    ['score', 'The score of the last drill, of 100.', [{ value: drill.score }]],
    ['streak', 'Good drills in a row.', [{ value: drill.streak }]],
    ['rto_seconds', 'From gone to the milestone.', named('milestone', rto)],
    ['rpo_seconds', 'Seconds whose rows may be lost.', [{ value: drill.rpoSeconds }]],
    ['layer_seconds', 'Seconds of a layer of the rebirth.', named('layer', layers)],
    ['destroy_seconds', 'Seconds of the destroy.', [{ value: drill.destroySeconds }]],
    ['retries', 'Layers that were tried again.', [{ value: drill.retries }]],
    ['flakes', 'What came good in the end, and not at once.', [{ value: drill.flakes.length }]],
    ['leaks', 'Secrets that were found outside the vault.', [{ value: drill.leaks }]],
    [
      'unattributed_ratio',
      'The share of the time that nothing explains.',
      [{ value: drill.unattributedShare }],
    ],
    [
      'mttr_seconds',
      'From a failed drill to the next good one, on average.',
      [{ value: trend?.mttrSeconds }],
    ],
  ];
  return families
    .flatMap(([name, help, samples]) => {
      const known = samples.filter(({ value }) => value != null);
      if (known.length === 0) return [];
      return [
        `# HELP phoenix_drill_${name} ${help}`,
        `# TYPE phoenix_drill_${name} gauge`,
        ...known.map(
          ({ labels = {}, value }) => `phoenix_drill_${name}{${labelsOf({ castle, ...labels })}} ${value}`,
        ),
      ];
    })
    .map((line) => `${line}\n`)
    .join('');
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  const escaped = (value: string) =>
    value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');
}
