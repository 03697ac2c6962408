import type { RungName } from '../../database/rungs.ts';
import type { Report } from '../schema.ts';
import { duration } from '../words.ts';
import { cut, type Html, html, name } from './html.ts';

const most = 200;
const longest = 300;

/** What was looked at to call the castle alive: the rungs of its database, and the probes. Empty where neither is there. */
export function proofs({ probes = [], database }: Report): Html | undefined {
  const rungs = database?.rungs ?? [];
  if (probes.length + rungs.length === 0) return undefined;
  const left = probes.length - most;
  return html`<section class="long"><h2>Proofs</h2>${rungs.length === 0 ? undefined : html`<h3 class="sub">Database, rung by rung</h3><ul class="proofs">${rungs.map(rungRow)}</ul>`}${
    probes.length === 0
      ? undefined
      : html`<h3 class="sub">Probes</h3><ul class="proofs">${probes.slice(0, most).map(probeRow)}</ul>${left > 0 ? html`<p class="quiet">${left} more stand in the report.</p>` : undefined}`
  }</section>`;
}

type Verdict = 'passed' | 'failed' | 'skipped';

const tones = { passed: 'good', failed: 'bad', skipped: 'warn' } as const;

const signs: Readonly<Record<Verdict, Html>> = {
  passed: html`<path d="M2.5 7.5l3 3 6-7"/>`,
  failed: html`<path d="M3 3l8 8M3 11l8-8"/>`,
  skipped: html`<path d="M2.5 7h9"/>`,
};

interface Proof {
  readonly title: Html;
  readonly is: Verdict;
  /** Beside the verdict: how long, how often. */
  readonly how: string;
  readonly seen: string;
}

function row({ title, is, how, seen }: Proof): Html {
  return html`<li><svg class="sign ${tones[is]}" viewBox="0 0 14 14" aria-hidden="true">${signs[is]}</svg><span class="n">${title}</span><span class="t"><span class="${tones[is]}">${is}</span>${how}</span><span class="seen">${cut(seen, longest)}</span></li>
`;
}

function probeRow({
  name: of,
  kind,
  verdict,
  seconds,
  passes,
  reason,
  lastSeen,
}: NonNullable<Report['probes']>[number]): Html {
  const times = passes > 1 ? `, ${passes} in a row` : '';
  return row({
    title: html`${name(of)} <small>${kind}</small>`,
    is: verdict,
    how:
      verdict === 'skipped' ? '' : ` ${verdict === 'failed' ? 'after' : 'in'} ${duration(seconds)}${times}`,
    seen:
      verdict === 'passed' ? (lastSeen ?? '') : [reason, lastSeen].filter((text) => text !== null).join(': '),
  });
}

const rungTitles: Readonly<Record<RungName, string>> = {
  V0: 'backup',
  V1: 'restore',
  V2: 'recovery',
  V3: 'witness',
  V4: 'content',
  V5: 'archive',
  V6: 'application',
};

function rungRow({ rung, is, seen, reason }: NonNullable<Report['database']>['rungs'][number]): Html {
  return row({
    title: html`${rung} ${rungTitles[rung]}`,
    is,
    how: '',
    seen: is === 'passed' ? seen : (reason ?? seen),
  });
}
