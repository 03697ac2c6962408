import type { LayerChange } from './changes.ts';
import { detailsOf, tableHead, tableRows } from './plan-details.ts';
import type { PlanExtras } from './plan-extras.ts';
import { intro } from './plan-intro.ts';

/** What a pull request is told. */
export interface PlanComment {
  readonly castle: string;
  /** The layers that the plan is about, with all that depends on each. */
  readonly steps: readonly { readonly name: string; readonly dependents: readonly string[] }[];
  /** Undefined where OpenTofu was not asked. */
  readonly changes?: readonly LayerChange[];
  readonly withoutSecrets: boolean;
  /** Code and words of each error, the first that decided. */
  readonly errors: readonly string[];
  /** What the commits touch; undefined where that was not asked. */
  readonly affected?: PlanExtras['affected'];
  readonly mode?: PlanExtras['mode'];
  /** The legs of each stage: shown for a matrix. */
  readonly stages?: PlanExtras['stages'];
  readonly forecast?: PlanExtras['forecast'];
  /** The page of the workflow run; empty where there is none. */
  readonly url: string;
}

/** GitHub takes 65,536 characters; the rest is left to whoever counts otherwise. */
const mostCharacters = 60_000;
const mostComments = 10;
/** Room for the marker, and for what is said where something was left out. */
const reserve = 400;

/** What a comment of castle `castle` begins with, whichever part it is. */
export function markerOf(castle: string): string {
  return `<!-- phoenix:plan ${encodeURIComponent(castle)} `;
}

/**
 * The plan as comments on a pull request, each of at most `limit` characters and behind its marker: the table first, then
 * the details by whole layers. Whatever comes from outside stands in `<code>` or `<pre>`, where GitHub notifies nobody,
 * links to nothing and obeys no markup.
 */
export function renderPlanComments(plan: PlanComment, limit = mostCharacters): string[] {
  const room = limit - reserve;
  const head = [...intro(plan), ''].join('\n\n');
  const pages: string[] = [];
  let page = head;
  let leftOut = 0;
  const add = (block: string, again = '') => {
    if (page.length + block.length > room && page !== '') {
      pages.push(page);
      page = again;
    }
    if (page.length + block.length > room) leftOut += 1;
    else page += block;
  };
  const rows = tableRows(plan);
  const [first, ...others] = rows;
  if (first !== undefined) {
    add(`${tableHead}${first}`);
    for (const row of others) add(row, tableHead);
    page += '\n';
  }
  const details = (plan.changes ?? []).flatMap(detailsOf);
  const fits = page.length + details.join('').length <= room;
  // Where not all fits into one, the table stands alone.
  if (!fits && details.length > 0) {
    pages.push(page);
    page = '';
  }
  for (const block of details) add(block);
  if (page !== '') pages.push(page);
  leftOut += Math.max(0, pages.length - mostComments);
  const shown = pages.slice(0, mostComments);
  const notice = `\n\n**Shortened**: the plan is too long for comments. All of it is in the job's log.\n`;
  return shown.map((text, index) => {
    const last = index === shown.length - 1;
    const part = `${markerOf(plan.castle)}${index + 1}/${shown.length} -->\n`;
    return `${part}${text.trimEnd()}${last && leftOut > 0 ? notice : ''}\n`;
  });
}
