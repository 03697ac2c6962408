import { countsText, type LayerChange, wouldChange } from './changes.ts';
import { literal, preformatted } from './markdown.ts';
import type { PlanComment } from './plan-comment.ts';
import { code, listedCodes, longestCell, shortCell } from './plan-words.ts';

/** Of one layer's details: the rest of it is counted. */
const mostDetails = 20_000;

export const tableHead = '| Layer | Would change | May change with it |\n| --- | --- | --- |\n';

export function tableRows({ changes, steps }: PlanComment): string[] {
  const row = (...cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  if (changes === undefined)
    return steps.map(({ name, dependents }) => row(code(name), 'not asked', listedCodes(dependents)));
  const dependents = new Map(steps.map((step) => [step.name, step.dependents]));
  return changes.map((change) =>
    row(
      code(change.layer),
      cell(change),
      wouldChange(change) ? listedCodes(dependents.get(change.layer) ?? []) : along(change),
    ),
  );
}

function along({ changesWith }: LayerChange): string {
  return changesWith.length === 0 ? '' : `itself with ${listedCodes(changesWith)}`;
}

function cell(change: LayerChange): string {
  const { verdict, why, valid } = change;
  const checked =
    valid === null ? '' : valid ? '; its configuration is valid' : '; its configuration is not valid';
  const short = shortCell(why);
  switch (verdict) {
    case 'no-change':
      return 'no change';
    case 'changes':
      return countsText(change);
    case 'mocked':
      return `${countsText(change)} (mocked)`;
    case 'not-planned':
      return `not planned: ${code(short)}${checked}`;
    case 'failed':
      return `**failed**: ${code(short)}`;
  }
}

/** One layer, folded: its resources by action, and what else is to be said. Nothing where the table says it all. */
export function detailsOf(change: LayerChange): string[] {
  const { layer, resources, outputs, why, verdict } = change;
  if (resources.length + outputs.length === 0 && why.length <= longestCell) return [];
  const lines = [
    ...resources.map(({ address, action }) => `- ${actionText(action)} ${code(address)}`),
    ...outputs.map((name) => `- output ${code(name)}`),
  ];
  const kept: string[] = [];
  let length = 0;
  for (const line of lines) {
    length += line.length + 1;
    if (length > mostDetails) break;
    kept.push(line);
  }
  const counted = change.add + change.change + change.destroy + change.import + change.move;
  const more = Math.max(lines.length, counted) - kept.length;
  const left = kept.length < lines.length || resources.length >= 2_000 ? [`- … and about ${more} more`] : [];
  const said = why === '' ? [] : [preformatted(shortened(why)), ''];
  const summary =
    verdict === 'failed' || verdict === 'not-planned' ? verdict.replace('-', ' ') : countsText(change);
  const head = `<details><summary>${code(layer)}: ${summary}</summary>`;
  return [[head, '', ...said, ...kept, ...left, '', '</details>', '', ''].join('\n')];
}

const longestWhy = 4_000;

function shortened(text: string): string {
  return text.length > longestWhy ? `${text.slice(0, longestWhy)}\n… (shortened)` : text;
}

const actions = new Map([
  ['create', '**+** create'],
  ['update', '**~** update'],
  ['delete', '**−** destroy'],
  ['replace', '**±** replace'],
  ['move', 'move'],
  ['import', 'import'],
  ['forget', 'forget'],
]);

function actionText(action: string): string {
  return actions.get(action) ?? literal(action);
}
