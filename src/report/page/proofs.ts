import { duration } from '../words.ts';
import type { Extras, Probe, Rung } from './extras.ts';
import { cut, type Html, html, name } from './html.ts';
import { table } from './table.ts';

const most = 200;
const longest = 300;

/** What was looked at to call the castle alive: probes, and the rungs of the database. Empty where neither is there. */
export function proofs({ probes = [], database }: Extras): Html | undefined {
  const rungs = database?.rungs ?? [];
  if (probes.length + rungs.length === 0) return undefined;
  return html`<section class="long"><h2>Proofs</h2>${probeTable(probes)}${rungTable(rungs)}</section>`;
}

const text = (value: string | null | undefined) => cut(value ?? '', longest);

const isWord = (good: boolean, word: string) =>
  html`<span class="${good ? 'good' : 'bad'}">${cut(word, 40)}</span>`;

function probeTable(probes: readonly Probe[]): Html | undefined {
  if (probes.length === 0) return undefined;
  const columns = [
    { title: 'Probe' },
    { title: 'Kind' },
    { title: 'Verdict' },
    { title: 'Time', numeric: true },
    { title: 'Passes', numeric: true },
    { title: 'Last seen' },
  ];
  const rows = probes
    .slice(0, most)
    .map(({ name: of, kind, verdict, seconds, passes, lastSeen }) => [
      name(of),
      cut(kind, 40),
      verdict === 'skipped' ? html`<span class="warn">skipped</span>` : isWord(verdict === 'passed', verdict),
      seconds === undefined ? '' : duration(seconds),
      passes === undefined ? '' : String(passes),
      text(lastSeen),
    ]);
  return html`${table('Probes', columns, rows)}${probes.length > most ? html`<p class="quiet">${probes.length - most} more stand in the report.</p>` : ''}`;
}

function rungTable(rungs: readonly Rung[]): Html | undefined {
  if (rungs.length === 0) return undefined;
  const columns = [{ title: 'Database' }, { title: 'Is' }, { title: 'Seen' }, { title: 'Reason' }];
  const rows = rungs
    .slice(0, most)
    .map(({ rung, is, seen, reason }) => [name(rung), cut(is, 40), text(seen), text(reason)]);
  return table('Rungs of the database', columns, rows);
}
