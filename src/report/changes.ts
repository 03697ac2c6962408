import { z } from 'zod';

export const changeVerdicts = ['no-change', 'changes', 'mocked', 'not-planned', 'failed'] as const;

/** What a rebirth would change in one layer. Addresses and counts only: values may be secret. */
export const layerChangeSchema = z.object({
  layer: z.string(),
  verdict: z.enum(changeVerdicts),
  add: z.number(),
  change: z.number(),
  destroy: z.number(),
  import: z.number(),
  move: z.number(),
  /** The first 2000; the counts are of all. */
  resources: z.array(z.object({ address: z.string(), action: z.string() })),
  /** Names of outputs that would be others. */
  outputs: z.array(z.string()),
  /** Layers that would change and that this one depends on: it may change with them. */
  changesWith: z.array(z.string()),
  /** Of a layer that was not planned: whether its configuration is valid; null where that was not found out. */
  valid: z.boolean().nullable(),
  /** Why it was not planned, what was made up, or why it failed; empty where there is nothing to say. */
  why: z.string(),
});

export type LayerChange = z.infer<typeof layerChangeSchema>;

/** Whether applying the layer would change anything, as far as is known. */
export function wouldChange({
  verdict,
  add,
  change,
  destroy,
  import: imports,
  move,
  outputs,
}: LayerChange): boolean {
  if (verdict !== 'changes' && verdict !== 'mocked') return false;
  return add + change + destroy + imports + move + outputs.length > 0;
}

/** `2 to add, 1 to destroy`. */
export function countsText({ add, change, destroy, import: imports, move, outputs }: LayerChange): string {
  const parts: [number, string][] = [
    [add, 'to add'],
    [change, 'to change'],
    [destroy, 'to destroy'],
    [imports, 'to import'],
    [move, 'to move'],
    [outputs.length, outputs.length === 1 ? 'output' : 'outputs'],
  ];
  const told = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return told.join(', ') || 'nothing';
}

/** What is to be said of the layer, on one line. */
export function changeText(change: LayerChange): string {
  const { verdict, why, changesWith, valid } = change;
  const along = changesWith.length === 0 ? '' : `may change with ${changesWith.join(', ')}`;
  const checked =
    valid === null ? '' : valid ? 'its configuration is valid' : 'its configuration is not valid';
  const text = {
    'no-change': 'no change',
    changes: countsText(change),
    mocked: `${countsText(change)} (mocked: ${why})`,
    'not-planned': `not planned: ${why}`,
    failed: `failed: ${why}`,
  }[verdict];
  return [text, checked, along].filter((part) => part !== '').join('; ');
}

/** What was found of each layer, for a terminal. */
export function renderChanges(changes: readonly LayerChange[]): string {
  return changes.map((change) => `${change.layer.padEnd(20)} ${changeText(change)}`).join('\n');
}
