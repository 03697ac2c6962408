import type { Report } from '../report/schema.ts';
import { percent } from '../report/words.ts';
import type { Data } from './data.ts';
import type { Drill } from './schema.ts';

type Part = Drill['parts'][number];

/** What each part is worth; docs/drill.md says the same. */
const worth = { reborn: 40, data: 20, targets: 15, steady: 10, leaks: 10, explained: 5 } as const;
/** What each retry, restart and flake costs of `steady`. */
const unsteadyCost = 2;

/**
 * The score and what it is made of: points of the parts that the castle has, of what these are worth, in hundredths. A
 * part whose proof is missing earns nothing.
 */
export function scoreOf(
  drill: Pick<Drill, 'verdict' | 'why' | 'witness' | 'retries' | 'restarts' | 'flakes' | 'targets' | 'leaks'>,
  { rungs }: Pick<Data, 'rungs'>,
  report: Pick<Report, 'unattributedSeconds' | 'unattributedLimit' | 'wallSeconds'>,
): Pick<Drill, 'score' | 'parts'> {
  const good = drill.verdict === 'good';
  const parts: Part[] = [
    part('reborn', good ? 1 : 0, good ? 'Destroyed, reborn and verified.' : drill.why.join(' ')),
    ...dataPart(drill, rungs),
    ...targetsPart(drill),
    steadyPart(drill, good),
    drill.leaks === null
      ? part('leaks', 0, 'Nothing was looked at.')
      : part('leaks', drill.leaks === 0 ? 1 : 0, drill.leaks === 0 ? 'None.' : `${drill.leaks} found.`),
    explainedPart(report, good),
  ];
  const points = parts.reduce((sum, each) => sum + each.points, 0);
  const of = parts.reduce((sum, each) => sum + each.of, 0);
  return { score: Math.floor((points / of) * 100), parts };
}

function part(name: keyof typeof worth, share: number, why: string): Part {
  const of = worth[name];
  return { part: name, points: Math.round(of * share * 10) / 10, of, why };
}

function dataPart({ witness }: Pick<Drill, 'witness'>, rungs: Data['rungs']): Part[] {
  const looked = [witness.a, witness.b].filter((is) => is !== 'none');
  if (rungs === undefined && looked.length === 0) return [];
  const checks = [
    ...(rungs ?? []).map(({ rung, is, reason }) => ({ name: rung, good: is === 'passed', reason })),
    ...(rungs === undefined
      ? looked.map((is) => ({ name: 'witness', good: is === 'found', reason: witness.reason }))
      : []),
  ];
  const bad = checks.filter((each) => !each.good);
  const why =
    bad.length === 0 && checks.length > 0
      ? `${checks.map(({ name }) => name).join(', ')} proved.`
      : bad.map(({ name, reason }) => `${name}: ${reason ?? 'not proved'}`).join(' ') ||
        'Nothing was looked at.';
  return [part('data', checks.length === 0 ? 0 : (checks.length - bad.length) / checks.length, why)];
}

function targetsPart({ targets: { met, of } }: Pick<Drill, 'targets'>): Part[] {
  return of === 0 ? [] : [part('targets', met / of, `${met} of ${of} milestones within their targets.`)];
}

function steadyPart(
  { retries, restarts, flakes }: Pick<Drill, 'retries' | 'restarts' | 'flakes'>,
  good: boolean,
): Part {
  if (!good) return part('steady', 0, 'It did not come to its end.');
  const others = flakes.filter(({ what }) => !what.startsWith('retried')).length;
  const lost = (retries + (restarts ?? 0) + others) * unsteadyCost;
  const what = [
    [retries, 'retries'],
    [restarts ?? 0, 'restarts'],
    [others, 'milestones or probes that flapped'],
  ] as const;
  const seen = what.filter(([number]) => number > 0).map(([number, name]) => `${number} ${name}`);
  return part(
    'steady',
    Math.max(0, 1 - lost / worth.steady),
    seen.length === 0 ? 'Nothing had to be tried twice.' : `${seen.join(', ')}.`,
  );
}

function explainedPart(
  {
    unattributedSeconds,
    unattributedLimit,
    wallSeconds,
  }: Pick<Report, 'unattributedSeconds' | 'unattributedLimit' | 'wallSeconds'>,
  good: boolean,
): Part {
  if (!good) return part('explained', 0, 'It did not come to its end.');
  const share = wallSeconds === 0 ? 0 : unattributedSeconds / wallSeconds;
  return part(
    'explained',
    share <= unattributedLimit ? 1 : 0,
    `${percent(share)} of the time is unexplained, ${percent(unattributedLimit)} may be.`,
  );
}
