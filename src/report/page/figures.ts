import type { Report } from '../schema.ts';
import { duration, leaksText, percent } from '../words.ts';
import { cut, type Html, html, name } from './html.ts';

export type Tone = 'good' | 'bad' | 'warn';

interface Figure {
  readonly title: Html | string;
  readonly value: string;
  readonly more: string;
  readonly tone?: Tone | undefined;
}

const mostMilestones = 4;
const longest = 120;

/** The figures that are asked for first: is it back, how fast, what is lost, what proves it; then what it cost. */
export function figures(report: Report): Html {
  const all = [
    ...answers(report),
    ...proofs(report),
    leaks(report),
    ...drillFigures(report),
    ...costs(report),
  ];
  return html`<dl class="figures">${all.map(figure)}</dl>`;
}

function figure({ title, value, more, tone }: Figure): Html {
  return html`<div><dt>${title}</dt><dd class="${tone ?? ''}">${value}</dd><dd>${cut(more, longest)}</dd></div>`;
}

/** Of a drill the seconds from gone, of any other run those from when the tools were ready. */
function answers({ milestones, drill, fromNothing, database }: Report): Figure[] {
  const timed = milestones.slice(0, mostMilestones).map((milestone): Figure => {
    const { name: of, targetSeconds, met } = milestone;
    const seconds = drill === undefined ? milestone.seconds : (drill.rto[of] ?? null);
    const title = html`${drill === undefined ? '' : 'RTO '}${name(of)}`;
    const target = targetSeconds === null ? 'no target' : `target ${duration(targetSeconds)}`;
    if (seconds !== null)
      return {
        title,
        value: duration(seconds),
        more: `${target}, ${met ? 'met' : 'missed'}`,
        tone: met ? 'good' : 'bad',
      };
    const destroyed = drill === undefined || fromNothing?.gone !== undefined;
    return destroyed
      ? { title, value: 'not reached', more: target, tone: 'bad' }
      : { title, value: 'none', more: 'nothing was destroyed', tone: 'warn' };
  });
  const rpo = drill === undefined ? database?.rpoSeconds : drill.rpoSeconds;
  if (drill === undefined && rpo == null) return timed;
  return [...timed, rpoFigure(rpo ?? null)];
}

function rpoFigure(seconds: number | null): Figure {
  if (seconds === null)
    return { title: 'RPO', value: 'not known', more: 'what is lost is not proved', tone: 'warn' };
  return seconds === 0
    ? { title: 'RPO', value: duration(0), more: 'no row is lost', tone: 'good' }
    : { title: 'RPO', value: duration(seconds), more: 'of rows are lost', tone: 'bad' };
}

function proofs(report: Report): Figure[] {
  const { drill, database, probes = [] } = report;
  const rungs = database?.rungs ?? [];
  return [
    ...witness(report),
    ...(rungs.length === 0
      ? []
      : [
          counted(
            'Database',
            rungs.map(({ is }) => is),
            drill !== undefined,
          ),
        ]),
    ...(probes.length === 0
      ? []
      : [
          counted(
            'Probes',
            probes.map(({ verdict }) => verdict),
            true,
          ),
        ]),
  ];
}

const rows = { found: 'found', missing: 'MISSING', unknown: 'not looked for', none: 'none' } as const;

function witness({ drill, fromNothing, database }: Report): Figure[] {
  if (drill === undefined) return [];
  const { a, b, reason } = drill.witness;
  const more = `in the backup: ${rows[a]}; in the WAL: ${rows[b]}`;
  if (a === 'missing' || b === 'missing') return [{ title: 'Witness', value: 'missing', more, tone: 'bad' }];
  if (b === 'found') return [{ title: 'Witness', value: 'found', more, tone: 'good' }];
  if (b === 'unknown') return [{ title: 'Witness', value: 'not known', more: reason, tone: 'warn' }];
  const why = fromNothing?.gone === undefined ? 'nothing was destroyed' : reason;
  return [{ title: 'Witness', value: 'none', more: why, tone: database === undefined ? undefined : 'warn' }];
}

function counted(title: string, all: readonly ('passed' | 'failed' | 'skipped')[], strict: boolean): Figure {
  const count = (wanted: string) => all.filter((each) => each === wanted).length;
  const [failed, skipped] = [count('failed'), count('skipped')];
  const more = [failed === 0 ? '' : `${failed} failed`, skipped === 0 ? '' : `${skipped} skipped`].filter(
    (text) => text !== '',
  );
  return {
    title,
    value: `${count('passed')} of ${all.length}`,
    more: `passed${more.length === 0 ? '' : `, ${more.join(', ')}`}`,
    tone: failed > 0 ? 'bad' : skipped === 0 ? 'good' : strict ? 'warn' : undefined,
  };
}

function leaks(report: Report): Figure {
  const { checked, found } = report.leaks;
  return {
    title: 'Leaks',
    value: found.length === 0 && checked === 0 ? 'not known' : String(found.length),
    more: leaksText(report),
    tone: found.length > 0 ? 'bad' : checked === 0 ? 'warn' : 'good',
  };
}

function drillFigures({ drill }: Report): Figure[] {
  if (drill === undefined) return [];
  const { score, streak, trend } = drill;
  return [
    { title: 'Score', value: String(score), more: 'of 100' },
    streak === null
      ? { title: 'Streak', value: 'not known', more: 'no history could be read' }
      : {
          title: 'Streak',
          value: String(streak),
          more: `good in a row${trend === null ? '' : `, ${trend.good} of the last ${trend.drills}`}`,
        },
  ];
}

function costs(report: Report): Figure[] {
  const { wallSeconds, criticalPathSeconds, unattributedSeconds, unattributedLimit, layers, drill } = report;
  const share = (part: number) => percent(wallSeconds === 0 ? 0 : part / wallSeconds);
  const over = unattributedSeconds > wallSeconds * unattributedLimit;
  const retries = layers.reduce((sum, each) => sum + each.retries, 0);
  const ran = layers.filter(({ started }) => started !== null).length;
  return [
    { title: 'Wall clock', value: duration(wallSeconds), more: 'the whole run' },
    {
      title: 'Critical path',
      value: duration(criticalPathSeconds),
      more: drill === undefined ? `${share(criticalPathSeconds)} of the run` : 'of layers and gates',
    },
    {
      title: 'Unattributed',
      value: duration(unattributedSeconds),
      more: `${share(unattributedSeconds)}, ${over ? 'over' : 'within'} ${percent(unattributedLimit)}`,
      tone: over ? 'warn' : undefined,
    },
    {
      title: 'Layers',
      value: `${ran} of ${layers.length}`,
      more: `ran, ${retries === 0 ? 'no retry' : retries === 1 ? 'one retry' : `${retries} retries`}`,
      tone: retries === 0 ? undefined : 'warn',
    },
  ];
}
