import type { Report } from '../schema.ts';
import { gapWarning, leftoverTexts, shownFailures, witnessText } from '../words.ts';
import type { Extras } from './extras.ts';
import { cut, type Html, html, name, names } from './html.ts';

const most = 60;
const longest = { what: 1_000, why: 8_000, next: 1_000, line: 400 } as const;

interface Finding {
  readonly tone: 'bad' | 'warn' | 'note';
  readonly what: Html;
  readonly more?: Html;
}

const words = { bad: 'error', warn: 'warning', note: 'note' } as const;

/** All that is to be known or done, the worst first. */
export function findings(report: Report, extras: Extras, cautions: readonly string[]): Html {
  const all = [
    ...failures(report),
    ...leaks(report),
    ...machines(report),
    ...probes(extras),
    ...rungs(extras),
    ...warnings(report, cautions),
    ...retries(report),
    ...notes(report),
  ];
  const rank = ({ tone }: Finding) => ['bad', 'warn', 'note'].indexOf(tone);
  const shown = all.toSorted((a, b) => rank(a) - rank(b)).slice(0, most);
  const rest = all.length - shown.length;
  if (shown.length === 0)
    return html`<section><h2>Findings</h2><p>Nothing: no error, no warning, no retry, no leak.</p></section>`;
  return html`<section class="long"><h2>Findings</h2>${shown.map(finding)}${rest === 0 ? '' : html`<p class="quiet">${rest} more stand in the report.</p>`}</section>`;
}

function finding({ tone, what, more }: Finding): Html {
  return html`<div class="finding ${tone}"><h3><em>${words[tone]}</em>${what}</h3>${more}</div>
`;
}

function failures(report: Report): Finding[] {
  return shownFailures(report).map(({ name: of, code, what, why, next, tail }) => ({
    tone: report.verdict === 'cancelled' && code.includes('CANCEL') ? 'warn' : 'bad',
    what: html`${cut(what, longest.what)} <code>${cut(code, 80)}</code> in ${name(of)}`,
    more: html`${why.trim() === '' ? '' : html`<pre>${cut(why.trim(), longest.why)}</pre>`}<p class="next">Next: ${cut(next, longest.next)}</p>${tailOf(tail)}`,
  }));
}

function tailOf(tail: readonly string[]): Html | undefined {
  if (tail.length === 0) return undefined;
  const lines = tail.map((line) => cut(line, longest.line)).join('\n');
  return html`<details><summary>${tail.length === 1 ? 'Its last line' : `Its last ${tail.length} lines`}</summary><pre>${lines}</pre></details>`;
}

function leaks({ leaks: { found, checked }, verdict }: Report): Finding[] {
  const each = found.map(({ secret, place, encoding }) => ({
    tone: 'bad' as const,
    what: html`The secret ${name(secret)} (${encoding}) is in ${cut(place, 300)}.`,
  }));
  if (checked > 0 || verdict === 'untouched') return each;
  return [...each, { tone: 'warn', what: html`No leak audit was made, so nothing is known of leaks.` }];
}

function machines({ machines: all = [] }: Report): Finding[] {
  return all
    .filter(({ verdict }) => verdict === 'failed')
    .map((each) => ({
      tone: 'bad',
      what: html`The VM ${each.vmid} ${name(each.name)} is not deleted: ${cut(each.why, longest.what)}`,
    }));
}

function probes({ probes: all = [] }: Extras): Finding[] {
  const failed = all.filter(({ verdict }) => verdict === 'failed');
  const skipped = all.filter(({ verdict }) => verdict === 'skipped');
  const flapped = all.filter(({ verdict, flaps = 0 }) => verdict === 'passed' && flaps > 0);
  return [
    ...failed.map((each) => ({
      tone: 'bad' as const,
      what: html`The probe ${name(each.name)} failed${each.reason == null ? '.' : `: ${cut(each.reason, longest.what)}`}`,
      ...(each.lastSeen == null
        ? {}
        : { more: html`<pre>last seen: ${cut(each.lastSeen, longest.why)}</pre>` }),
    })),
    ...flapped.map((each) => ({
      tone: 'warn' as const,
      what: html`The probe ${name(each.name)} passed only after it had failed again ${each.flaps} times.`,
    })),
    ...(skipped.length === 0
      ? []
      : [
          {
            tone: 'warn' as const,
            what: html`Probes that were not made: ${names(skipped.map((each) => each.name))}.`,
          },
        ]),
  ];
}

const sound: ReadonlySet<string> = new Set(['passed', 'proved', 'met', 'ok', 'skipped', 'needless']);

function rungs({ database }: Extras): Finding[] {
  return (database?.rungs ?? [])
    .filter(({ is }) => !sound.has(is))
    .map(({ rung, is, reason, seen }) => ({
      tone: 'bad',
      what: html`The database is not proved at ${name(rung)} (${cut(is, 40)})${reason == null ? '.' : `: ${cut(reason, longest.what)}`}`,
      ...(seen == null ? {} : { more: html`<pre>last seen: ${cut(seen, longest.why)}</pre>` }),
    }));
}

function warnings(report: Report, cautions: readonly string[]): Finding[] {
  const { witness, aftermath } = report;
  const unproved = witness !== undefined && witness.is !== 'archived' && witness.is !== 'earlier';
  const texts = [
    gapWarning(report),
    ...cautions,
    unproved ? `Before the destroy, a witness in the backup: ${witnessText(report) ?? ''}` : undefined,
    ...leftoverTexts(report).map(
      ({ is, text }) => `${is === 'left' ? 'Left outside' : 'Not known whether left outside'}: ${text}`,
    ),
    ...(aftermath === undefined
      ? []
      : [`The clean-up was made by the ${aftermath.by === 'post' ? 'post step' : 'next run'}.`]),
    ...(aftermath?.handedOn.map(
      (layer) => `The engine of ${layer} still ran when the clean-up had to end.`,
    ) ?? []),
    ...(aftermath?.troubles ?? []),
  ];
  return texts.flatMap((text) =>
    text === undefined ? [] : [{ tone: 'warn', what: html`${cut(text, longest.what)}` }],
  );
}

function retries({ layers }: Report): Finding[] {
  return layers
    .filter((each) => each.retries > 0)
    .map((each) => ({
      tone: 'warn',
      what: html`Layer ${name(each.name)} needed ${each.retries === 1 ? 'one retry' : `${each.retries} retries`} and is ${each.verdict}.`,
    }));
}

function notes({ layers, gates }: Report): Finding[] {
  const idle = [...layers, ...gates].filter(({ started }) => started === null).map((each) => each.name);
  const told = layers.flatMap((layer) =>
    layer.note === undefined ? [] : [{ name: layer.name, note: layer.note, verdict: layer.verdict }],
  );
  return [
    ...told.map((each) => ({
      tone: each.verdict === 'failed' || each.verdict === 'cancelled' ? ('warn' as const) : ('note' as const),
      what: html`Layer ${name(each.name)} is ${each.verdict}: ${cut(each.note, longest.what)}`,
    })),
    ...(idle.length === 0 ? [] : [{ tone: 'note' as const, what: html`Never ran: ${names(idle)}.` }]),
  ];
}
