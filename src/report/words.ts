import type { Affected } from '../affected/affected.ts';
import type { Report } from './schema.ts';

/** The sentences and figures that the terminal and the job summary share, so that both say the same. */

/** `9.3s`, `1m 53s`, `1h 02m 03s`: the document's way of writing times, with tenths where they matter. */
export function duration(seconds: number): string {
  const tenths = Math.round(seconds * 10) / 10;
  if (tenths < 60) return `${tenths.toFixed(1)}s`;
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (part: number) => String(part).padStart(2, '0');
  return hours === 0 ? `${minutes}m ${two(rest)}s` : `${hours}h ${two(minutes)}m ${two(rest)}s`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

export function verdictText(report: Report): string {
  const { castle, command, verdict, wallSeconds } = report;
  const time = duration(wallSeconds);
  const not = command === undefined ? 'is NOT reborn' : notDone[command];
  switch (verdict) {
    case 'claimed':
      return `${castle} has claimed its identity in ${time}`;
    case 'applied':
      return `${castle}: these layers are applied in ${time}`;
    case 'verified':
      return `${castle} is verified in ${time}`;
    case 'destroyed':
      return `${destroyedText(report)} in ${time}`;
    case 'untouched':
      return `nothing of ${castle} is touched: nothing was done`;
    case 'reborn':
      return `${castle} is reborn in ${time}`;
    case 'failed':
      return `${castle} ${not}: the run failed after ${time}`;
    case 'cancelled':
      return `${castle} ${not}: the run was cancelled after ${time}`;
  }
}

/** Never more than was done: a part, or all but what is protected, is not the castle. */
function destroyedText({ castle, leg, layers }: Report): string {
  const kept = layers.filter(({ verdict }) => verdict === 'kept').map(({ name }) => name);
  if (kept.length > 0 && kept.length === layers.length)
    return `${castle}: all that was named is kept, nothing is destroyed,`;
  const what = leg === undefined ? castle : `${castle}: ${leg.replaceAll(',', ', ')}`;
  return `${what} is destroyed${kept.length === 0 ? '' : `, but for ${kept.join(', ')}`}`;
}

const notDone = {
  claim: 'has NOT claimed its identity',
  layers: 'does NOT have these layers',
  verify: 'is NOT verified',
  destroy: 'is NOT destroyed',
} as const;

/** What a run for a range of commits was about; undefined where everything was asked for. */
export function affectedText(affected: Affected | undefined): string | undefined {
  if (affected === undefined) return undefined;
  const { range, reason, layers, removed, gitops } = affected;
  const touched = [...layers.map(({ name }) => name), ...(gitops ? ['the GitOps tree'] : [])];
  const gone = removed.map(({ name, commit }) => `${name} (last in ${commit.slice(0, 12)})`);
  return [
    `Affected${range === null ? '' : ` by ${range}`}, ${reason}: ${touched.join(', ') || 'nothing'}.`,
    ...(gone.length === 0 ? [] : [`Gone, and not destroyed: ${gone.join(', ')}.`]),
  ].join(' ');
}

export interface LayerRow {
  readonly layer: string;
  readonly time: string;
  readonly status: string;
}

/** The document's table: one row a layer. */
export function layerRows({ layers }: Report): LayerRow[] {
  return layers.map(({ name, seconds, started, verdict, retries }) => ({
    layer: name,
    time: started === null ? '-' : duration(seconds),
    status: `${layerStatus[verdict]}${retries === 0 ? '' : `, ${retries} ${retries === 1 ? 'retry' : 'retries'}`}`,
  }));
}

const layerStatus = {
  applied: 'Applied',
  unchanged: 'Unchanged',
  destroyed: 'Destroyed',
  absent: 'Absent',
  dropped: 'Dropped',
  kept: 'Kept',
  failed: 'FAILED',
  skipped: 'Skipped',
  cancelled: 'Cancelled',
} as const;

const machineStatus = { deleted: 'Deleted', absent: 'Absent', kept: 'Kept', failed: 'FAILED' } as const;

/** One row a VM: which, on which node, and what became of it. */
export function machineRows({ machines = [] }: Report): { machine: string; node: string; status: string }[] {
  return machines.map(({ vmid, name, node, verdict, why }) => ({
    machine: `${vmid} ${name}`,
    node,
    status: `${machineStatus[verdict]}${why === '' ? '' : `: ${why}`}`,
  }));
}

export function milestoneText({ seconds, targetSeconds, met }: Report['milestones'][number]): string {
  const target = targetSeconds === null ? '' : `, target ${duration(targetSeconds)}`;
  if (seconds === null) return `not reached${target}`;
  return `${duration(seconds)}${target}${targetSeconds === null ? '' : met ? ' met' : ' MISSED'}`;
}

/** Those of `verify`, and of the milestones' the ones that did not pass at once: the rest a milestone tells itself. */
export function probeRows({
  probes = [],
  milestones,
}: Report): { name: string; text: string; bad: boolean }[] {
  const ofMilestone = (name: string) => milestones.some((each) => name.startsWith(`${each.name}: `));
  return probes
    .filter(({ name, verdict, flaps }) => !ofMilestone(name) || verdict !== 'passed' || flaps > 0)
    .map(({ name, verdict, seconds, passes, flaps, reason, lastSeen }) => {
      const flapped = flaps === 0 ? '' : `, flapped ${flaps} ${flaps === 1 ? 'time' : 'times'}`;
      const text =
        verdict === 'passed'
          ? `passed in ${duration(seconds)}, ${passes} in a row${flapped}: ${lastSeen}`
          : verdict === 'failed'
            ? `FAILED, ${reason}: ${lastSeen}`
            : `skipped: ${reason}`;
      return { name, text, bad: verdict === 'failed' };
    });
}

export function gateText({ after, seconds, started, verdict }: Report['gates'][number]): string {
  return `${started === null ? '' : `${duration(seconds)}, `}${verdict === 'failed' ? 'FAILED' : verdict}, after ${after}`;
}

/** How sure it was, before a destroy, that the backup has all; undefined where the castle asks for no such proof. */
export function witnessText({ witness }: Report): string | undefined {
  if (witness === undefined) return undefined;
  const { is, reason, row } = witness;
  const proof = row === null ? '' : `${row.nonce} in ${row.wal}`;
  switch (is) {
    case 'archived':
      return `archived, ${proof}`;
    case 'earlier':
      return `of run ${row?.run ?? '?'}, archived then: ${proof}`;
    case 'needless':
      return `none, for nothing stood: ${reason ?? ''}`;
    case 'overridden':
      return `NONE, overridden: ${reason ?? ''}`;
    case 'refused':
      return `NONE, refused: ${reason ?? ''}`;
  }
}

/** How far the database was proved to be back; undefined where that was not looked at. */
export function databaseText({ database }: Report): string | undefined {
  if (database === undefined) return undefined;
  const { rungs, rpoSeconds } = database;
  const shown = rungs.map(({ rung, is, reason }) =>
    is === 'passed' ? rung : `${rung} ${is === 'failed' ? 'FAILED' : 'skipped'} (${reason ?? ''})`,
  );
  const lost = rpoSeconds === null ? '' : `, RPO ${duration(rpoSeconds)}`;
  return `${shown.join(', ')}${lost}`;
}

/** What is left outside, or is not known; one a line. */
export function leftoverTexts({
  leftovers = [],
}: Report): { readonly is: 'left' | 'unknown'; readonly text: string }[] {
  return leftovers.flatMap(({ is, name, saw }) => (is === 'gone' ? [] : [{ is, text: `${name}: ${saw}` }]));
}

/** What a rebirth from nothing destroyed first, and what it went on with; undefined for any other run. */
export function fromNothingText({ fromNothing, machines = [] }: Report): string | undefined {
  if (fromNothing === undefined) return undefined;
  const { resumed, reached, destroyed } = fromNothing;
  const layersThatAre = (wanted: 'destroyed' | 'dropped') =>
    destroyed.filter(({ verdict }) => verdict === wanted).map(({ name }) => name);
  const deleted = machines.filter(({ verdict }) => verdict === 'deleted');
  const parts = [
    ['deleted VMs', deleted.map(({ vmid, name }) => `${vmid} ${name}`)],
    ['dropped', layersThatAre('dropped')],
    ['destroyed', layersThatAre('destroyed')],
  ] as const;
  const did = parts
    .filter(([, names]) => names.length > 0)
    .map(([how, names]) => `${how} ${names.join(', ')}`)
    .join('; ');
  return `${did || 'destroyed nothing'}${resumed === null ? '' : `, going on with a run that stopped at ${resumed}`}; reached ${reached}`;
}

export function leaksText({ leaks }: Report): string {
  const { checked, found } = leaks;
  if (checked === 0) return 'not checked';
  return found.length === 0 ? `none in ${checked} places` : `${found.length} FOUND in ${checked} places`;
}

export function unattributedText({ unattributedSeconds, wallSeconds }: Report): string {
  return `${duration(unattributedSeconds)} (${percent(shareOf(unattributedSeconds, wallSeconds))})`;
}

export function criticalPathText({
  criticalPath,
  criticalPathSeconds,
  wallSeconds,
}: Report): string | undefined {
  if (criticalPath.length === 0) return undefined;
  const share = percent(shareOf(criticalPathSeconds, wallSeconds));
  return `${criticalPath.join(' → ')}: ${duration(criticalPathSeconds)}, ${share} of the run`;
}

/** A warning that names the longest gap, where more of the run than allowed is unexplained. */
export function gapWarning(report: Report): string | undefined {
  const { unattributedSeconds, unattributedLimit, wallSeconds, gaps } = report;
  if (unattributedSeconds <= wallSeconds * unattributedLimit) return undefined;
  const longest = gaps.toSorted((a, b) => b.to - b.from - (a.to - a.from))[0];
  const summary = `${unattributedText(report)} of the run is unexplained; ${percent(unattributedLimit)} is allowed.`;
  if (longest === undefined) return summary;
  const after = longest.after === null ? '' : ` after ${longest.after}`;
  const before = longest.before === null ? '' : ` before ${longest.before}`;
  const span = `${duration(longest.from)} to ${duration(longest.to)}`;
  return `${summary} The longest gap is in ${longest.inside}${after}${before}: ${span}.`;
}

/** The errors to show: all of the run's, or the deciding one where a report names no others, and a budget overrun. */
export function shownFailures({ failures, error, castle, budget }: Report): Report['failures'] {
  const own = failures.length > 0 || error === null ? failures : [{ name: castle, ...error, tail: [] }];
  return budget?.error ? [...own, { name: 'budget', ...budget.error, tail: [] }] : own;
}

function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
