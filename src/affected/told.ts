import type { Log } from '../log.ts';
import { logLine } from '../report/printable.ts';
import type { Affected } from './affected.ts';

/** Whether there is anything to do: a layer to apply, or a GitOps tree whose arrival is to be verified. */
export function isAnything({ layers, gitops }: Affected): boolean {
  return layers.length > 0 || gitops;
}

/** Says what a range touches, and what it leaves behind. */
export function tellAffected(affected: Affected, log: Log): void {
  for (const line of affectedLines(affected)) log.info(line);
  for (const { name, commit } of affected.removed) {
    log.warn(
      `the layer ${name} is gone from the live folder; what it made is not destroyed. To take it down, check out ${commit.slice(0, 12)}, which still has it, and run \`terragrunt destroy\` in its folder`,
    );
  }
}

const shownFiles = 3;

function affectedLines(affected: Affected): string[] {
  const { range, reason, layers, gitops } = affected;
  return [
    `affected${range === null ? '' : ` by ${shortRange(range)}`}: ${reason}`,
    ...layers.map(
      ({ name, because }) => `  ${name}: ${typeof because === 'string' ? because : files(because)}`,
    ),
    ...(gitops ? ['  the GitOps tree: Flux takes it; the milestones are verified'] : []),
    ...(isAnything(affected) ? [] : ['  nothing']),
  ];
}

function files(paths: readonly string[]): string {
  const more = paths.length - shownFiles;
  return [
    ...paths.slice(0, shownFiles).map((path) => logLine(path)),
    ...(more > 0 ? [`${more} more`] : []),
  ].join(', ');
}

function shortRange(range: string): string {
  return range
    .split('..')
    .map((commit) => commit.slice(0, 12))
    .join('..');
}
