import { type Comparison, moments, type Spread } from './figures.ts';

const titles: Readonly<Record<(typeof moments)[number], string>> = {
  begun: 'First layer begins',
  layers: 'Last layer ends',
  restoreBegan: 'Restore begins',
  restoreEnded: 'Restore ends',
  blog: 'Blog',
  stack: 'Stack',
};

/** The comparison for people: a column an order, then by how much V1 is later. */
export function tableOf({ machine, databaseRows, orders, rebirths }: Comparison): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const [fast, slow] = [
    orders.find(({ name }) => name === 'fast track'),
    orders.find(({ name }) => name === 'V1'),
  ];
  const times = (moment: 'blog' | 'stack') =>
    fast === undefined || slow === undefined
      ? []
      : [
          `${titles[moment]}: V1 takes ${(slow[moment].median / fast[moment].median).toFixed(2)} times as long, ` +
            `${(slow[moment].median - fast[moment].median).toFixed(1)} s more.`,
        ];
  const after = [...times('blog'), ...times('stack')];
  const loads = rebirths.map(({ load }) => load);
  return [
    `The castle with a real node, ${databaseRows === null ? 'its database as it comes' : `a database of ${databaseRows} rows`}, on ${machine}`,
    '',
    'Seconds from the first deletion on: median (min–max). Load average before the drills: ' +
      `${Math.min(...loads).toFixed(1)}–${Math.max(...loads).toFixed(1)}.`,
    '',
    line(['', ...orders.map(({ name, runs }) => `${name}, ${runs} ${runs === 1 ? 'run' : 'runs'}`)]),
    line(['---', ...orders.map(() => '---')]),
    ...moments.map((moment) => line([titles[moment], ...orders.map((order) => shown(order[moment]))])),
    line([
      'Blog online before the restore has ended',
      ...orders.map(({ blogBeforeRestore, runs }) => `${blogBeforeRestore} of ${runs}`),
    ]),
    ...(after.length === 0 ? [] : ['', ...after]),
  ].join('\n');
}

function shown({ median, min, max }: Spread): string {
  return `${median.toFixed(1)} (${min.toFixed(1)}–${max.toFixed(1)})`;
}
