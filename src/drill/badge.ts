import type { Trend } from './schema.ts';

/** What the badge says. It tells the date, never an age: a picture does not grow old where nobody draws it again. */
export interface Badge {
  readonly label: string;
  readonly message: string;
  readonly color: 'brightgreen' | 'orange' | 'red';
  /** From when on it is overdue, in words. */
  readonly title: string;
}

const label = 'last good drill';

/**
 * The badge by the last good drill: green while that is younger than `everySeconds`, orange while it is younger than
 * twice that, then red; orange too where a drill failed since. `shown`: the milestone whose RTO it bears.
 */
export function badgeOf(
  { lastGood, failedInARow }: Pick<Trend, 'lastGood' | 'failedInARow'>,
  {
    everySeconds,
    now,
    shown,
  }: { readonly everySeconds: number; readonly now: number; readonly shown?: string | undefined },
): Badge {
  if (lastGood === null)
    return { label, message: 'never', color: 'red', title: 'No drill of this castle was good so far.' };
  const ended = Date.parse(lastGood.ended);
  const age = (now - ended) / 1000;
  const fresh = age <= everySeconds && failedInARow === 0;
  const rto =
    (shown === undefined ? undefined : lastGood.rto[shown]) ?? Object.values(lastGood.rto)[0] ?? null;
  const due = new Date(ended + everySeconds * 1000).toISOString();
  return {
    label,
    message: `${lastGood.ended.slice(0, 10)}${rto === null ? '' : ` · ${clock(rto)}`}`,
    color: fresh ? 'brightgreen' : age <= 2 * everySeconds ? 'orange' : 'red',
    title: `Last good drill ${minute(lastGood.ended)}, overdue from ${minute(due)}${failedInARow === 0 ? '' : `; failed since: ${failedInARow}`}`,
  };
}

/** The endpoint of shields.io. */
export function shieldsJson({ label, message, color }: Badge): string {
  return `${JSON.stringify({ schemaVersion: 1, label, message, color, cacheSeconds: 3600 })}\n`;
}

const fills = { brightgreen: '#2e7d32', orange: '#b45309', red: '#b91c1c' } as const;
const characterWidth = 6.6;

/** The badge as a picture of its own, with nothing in it that would be fetched. */
export function badgeSvg({ label, message, color, title }: Badge): string {
  const widthOf = (text: string) => Math.round([...text].length * characterWidth + 12);
  const [left, right] = [widthOf(label), widthOf(message)];
  const text = (at: number, width: number, words: string) =>
    `<text x="${at + width / 2}" y="14" textLength="${width - 12}">${escaped(words)}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="20" role="img" aria-label="${escaped(`${label}: ${message}`)}">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${left}" height="20" fill="#444"/><rect x="${left}" width="${right}" height="20" fill="${fills[color]}"/>`,
    `<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">`,
    `${text(0, left, label)}${text(left, right, message)}</g>`,
    '</svg>',
    '',
  ].join('\n');
}

/** `8:41`, `1:02:03`. */
function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (part: number) => String(part).padStart(2, '0');
  return hours === 0 ? `${minutes}:${two(rest)}` : `${hours}:${two(minutes)}:${two(rest)}`;
}

function minute(moment: string): string {
  return `${moment.slice(0, 16).replace('T', ' ')} UTC`;
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
