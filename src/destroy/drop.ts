import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PhoenixError, toPhoenixError } from '../errors.ts';
import { parseJson } from '../json.ts';
import type { LayerJob } from '../layer/job.ts';
import type { TimedPhase } from '../layer/phases.ts';
import { rescueState } from '../layer/rescue.ts';
import { type LayerOutcome, rescueWithinSeconds, unsaved } from '../layer/run.ts';
import { parseState } from '../layer/state.ts';
import { listed } from '../layer/words.ts';
import type { Log } from '../log.ts';
import { type Way, wayTo } from './way.ts';

/** What stays of a state whose objects are forgotten: its line of descent, so that no older one can come back over it. */
const stateHead = z.object({
  terraform_version: z.string().default('1.0.0'),
  serial: z.number(),
  lineage: z.string(),
  outputs: z.record(z.string(), z.unknown()),
  resources: z.array(z.unknown()),
});

/** Types whose objects live in the cluster, or nowhere: they are gone with it. */
const goneWithCluster = /^(?:kubernetes|kubectl|helm|flux|terraform_data|null|random|tls|time|local)(?:_|$)/;

/**
 * Forgets what a layer's state holds, for the cluster that it lived in is gone and its providers would only hang: the state
 * is replaced, under its lock, by an empty one that follows it. So no outputs of a dead cluster stay behind either. Never
 * throws.
 */
export async function dropLayer(job: LayerJob, log: Log, signal: AbortSignal): Promise<LayerOutcome> {
  const from = Date.now();
  const ended = (verdict: LayerOutcome['verdict'], more: Partial<LayerOutcome> = {}): LayerOutcome => {
    const phases: TimedPhase[] = [{ name: 'drop', from, to: Date.now() }];
    return { verdict, retries: 0, phases, outputs: new Map(), ...more };
  };
  try {
    // A state that never reached its backend would come back over the empty one.
    const left = await rescueState(job, undefined, { log, signal, withinSeconds: rescueWithinSeconds });
    if (left.status === 'kept' || left.status === 'conflict')
      return ended('failed', { error: unsaved(job, left) });
    const way = await readable(job, signal);
    if (way.text === '') return ended('absent');
    const { addresses } = parseState(way.text);
    const head = stateHead.parse(parseJson(way.text.slice(way.text.indexOf('{'))));
    if (head.resources.length === 0 && Object.keys(head.outputs).length === 0) return ended('absent');
    const trouble = await pushEmpty(job, head, way);
    if (trouble !== undefined) return ended('failed', { error: notDropped(job, trouble) });
    const again = await readable(job, signal);
    if (again.text !== '' && parseState(again.text).addresses.size > 0)
      return ended('failed', { error: notDropped(job, 'It still holds what was dropped.') });
    if (addresses.size === 0) return ended('absent');
    return ended('dropped', { note: noteOf([...addresses]) });
  } catch (thrown) {
    return signal.aborted ? ended('cancelled') : ended('failed', { error: toPhoenixError(thrown) });
  }
}

async function pushEmpty(
  job: LayerJob,
  { terraform_version, serial, lineage }: z.infer<typeof stateHead>,
  way: Way,
): Promise<string | undefined> {
  const file = join(job.partition, 'empty.tfstate');
  const next = { version: 4, terraform_version, serial: serial + 1, lineage };
  await writeFile(file, JSON.stringify({ ...next, outputs: {}, resources: [], check_results: null }), {
    mode: 0o600,
  });
  try {
    return await way.push(file);
  } finally {
    await rm(file, { force: true });
  }
}

async function readable(job: LayerJob, signal: AbortSignal): Promise<Way> {
  const way = await wayTo(job, signal);
  if ('trouble' in way) throw notRead(job, way.trouble);
  return way;
}

/** What was forgotten, and what of it may stand outside the cluster all the same. */
function noteOf(addresses: readonly string[]): string {
  const dropped = `Its cluster is gone, and with it ${listed(addresses)}: dropped from the state, not destroyed.`;
  const outside = addresses.filter((address) => !goneWithCluster.test(typeOf(address)));
  if (outside.length === 0) return dropped;
  return `${dropped} Of these, look yourself whether they stand outside the cluster: ${outside.join(', ')}.`;
}

/** `module.a["x.y"].cloudflare_record.blog[0]` → `cloudflare_record`. */
function typeOf(address: string): string {
  const bare = address.replaceAll(/\[(?:"(?:[^"\\]|\\.)*"|\d+)\]/g, '');
  return bare.split('.').at(-2) ?? '';
}

function notRead({ name, dir }: LayerJob, why: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-DESTROY-DROP',
    class: 'layer',
    what: `The state of layer ${name} could not be read, so what it holds was not dropped.`,
    why: `Its VMs are gone. ${why}.`,
    next: `Bring its backend up (\`terragrunt state list\` in ${dir} must answer), then run \`destroy\` again.`,
  });
}

function notDropped({ name, dir }: LayerJob, why: string): PhoenixError {
  return new PhoenixError({
    code: 'PHX-DESTROY-DROP',
    class: 'layer',
    what: `What the state of layer ${name} holds could not be dropped.`,
    why: `Its VMs are gone. ${why}`,
    next: `Where it is locked, see \`phoenix unlock ${name}\`; then run \`destroy\` again. By hand: \`terragrunt state rm\` in ${dir}.`,
  });
}
