import type { Report } from '../schema.ts';
import { gapWarning, leftoverTexts, shownFailures, witnessText } from '../words.ts';
import { failureBody, failureSource, failureTitle, leadOf, othersOf } from './failure.ts';
import { cut, type Html, html, name, names } from './html.ts';

const most = 60;
const longest = { what: 1_000, why: 8_000 } as const;

interface Finding {
  readonly tone: 'bad' | 'warn' | 'note';
  readonly what: Html;
  readonly more?: Html;
}

const words = { bad: 'error', warn: 'warning', note: 'note' } as const;

/** All that is to be known or done, the worst first. */
export function findings(report: Report, cautions: readonly string[]): Html {
  const all = [
    ...failures(report),
    ...leaks(report),
    ...machines(report),
    ...probes(report),
    ...rungs(report),
    ...warnings(report, cautions),
    ...retries(report),
    ...notes(report),
  ];
  const rank = ({ tone }: Finding) => ['bad', 'warn', 'note'].indexOf(tone);
  const shown = all.toSorted((a, b) => rank(a) - rank(b)).slice(0, most);
  const rest = all.length - shown.length;
  if (shown.length === 0)
    return html`<section><h2>Findings</h2><p>${leadOf(report) === undefined ? 'Nothing: no error, no warning, no retry, no leak.' : 'Nothing but the error above.'}</p></section>`;
  return html`<section class="long"><h2>Findings</h2>${shown.map(finding)}${rest === 0 ? '' : html`<p class="quiet">${rest} more stand in the report.</p>`}</section>`;
}

function finding({ tone, what, more }: Finding): Html {
  return html`<div class="finding ${tone}"><h3><em>${words[tone]}</em>${what}</h3>${more}</div>
`;
}

function failures(report: Report): Finding[] {
  return othersOf(report).map((failure) => ({
    tone: report.verdict === 'cancelled' && failure.code.includes('CANCEL') ? 'warn' : 'bad',
    what: html`${failureTitle(failure)} ${failureSource(failure)}`,
    more: failureBody(failure),
  }));
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

function probes(report: Report): Finding[] {
  const all = report.probes ?? [];
  const skipped = all.filter(({ verdict }) => verdict === 'skipped');
  const flapped = all.filter(({ verdict, flaps }) => verdict === 'passed' && flaps > 0);
  return [
    ...all
      .filter((each) => each.verdict === 'failed' && !isTold(report, each))
      .map((each) => ({
        tone: 'bad' as const,
        what: html`The probe ${name(each.name)} failed${each.reason === null ? '.' : `: ${cut(each.reason, longest.what)}`}`,
        ...seen(each.lastSeen),
      })),
    ...flapped.map((each) => ({
      tone: 'warn' as const,
      what: html`The probe ${name(each.name)} passed only after it had failed again ${each.flaps === 1 ? 'once' : `${each.flaps} times`}.`,
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

function rungs(report: Report): Finding[] {
  return (report.database?.rungs ?? [])
    .filter(({ is, reason, seen: lastSeen }) => is === 'failed' && !isTold(report, { reason, lastSeen }))
    .map((each) => ({
      tone: 'bad',
      what: html`The database is not proved at ${each.rung}${each.reason === null ? '.' : `: ${cut(each.reason, longest.what)}`}`,
      ...seen(each.seen),
    }));
}

function seen(text: string | null): { readonly more?: Html } {
  return text === null || text === '' ? {} : { more: html`<pre>last seen: ${cut(text, longest.why)}</pre>` };
}

/** Whether an error above has said it already: the same cause told three times hides the second one. */
function isTold(
  report: Report,
  { reason, lastSeen }: { readonly reason: string | null; readonly lastSeen: string | null },
): boolean {
  const told = shownFailures(report).map(({ why }) => why);
  return [reason, lastSeen].some(
    (text) => text !== null && text.length > 20 && told.some((why) => why.includes(text)),
  );
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
