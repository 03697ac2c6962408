import type { Report } from '../schema.ts';
import { type Html, html, name } from './html.ts';

interface Idle {
  readonly name: string;
  readonly why: string;
}

/** What the run was to do and has no time of, each with what is said of it. */
export function neverRan({ layers, gates, milestones, spans }: Report): Idle[] {
  const waited = new Set(spans.filter(({ kind }) => kind === 'milestone').map((each) => each.name));
  return [
    ...[...layers, ...gates]
      .filter(({ started }) => started === null)
      .map((each) => ({
        name: each.name,
        why: each.verdict === 'skipped' ? 'never ran' : `never ran, ${each.verdict}`,
      })),
    ...milestones
      .filter((each) => each.seconds === null && !waited.has(each.name))
      .map((each) => ({ name: each.name, why: 'not reached' })),
  ];
}

export function idleRow({ name: of, why }: Idle, id: string): Html {
  return html`<li class="idle"><span class="n" title="${of}">${name(of)}</span><svg class="bar" aria-hidden="true"><use href="#grid-${id}"/></svg><span class="t">${why}</span></li>
`;
}
