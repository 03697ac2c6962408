import { type Invariant, invariantNames, invariants } from './invariants.ts';
import type { RunResult } from './one-run.ts';
import { momentOf, type Strike, strikes, type WayName } from './scenario.ts';

export interface Counts {
  readonly runs: number;
  /** Runs that were still under way when the strike came. */
  readonly hit: number;
  readonly held: number;
  /** Runs in which the invariant was broken; one run may break several. */
  readonly broken: Readonly<Record<Invariant, number>>;
}

export interface CampaignFigures {
  readonly seed: number;
  readonly ways: Readonly<Partial<Record<WayName, Counts>>>;
}

export function countsOf(results: readonly Pick<RunResult, 'broken' | 'struck'>[]): Counts {
  return {
    runs: results.length,
    hit: results.filter(({ struck }) => struck.hit !== undefined).length,
    held: results.filter(({ broken }) => broken.size === 0).length,
    broken: Object.fromEntries(
      invariantNames.map((name) => [name, results.filter(({ broken }) => broken.has(name)).length]),
    ) as Record<Invariant, number>,
  };
}

export function figuresOf(
  seed: number,
  ways: readonly WayName[],
  results: readonly RunResult[],
): CampaignFigures {
  return {
    seed,
    ways: Object.fromEntries(ways.map((name) => [name, countsOf(results.filter(({ way }) => way === name))])),
  };
}

/** Whether Phoenix, if it ran at all, kept every invariant in every run. */
export function allHeld({ ways: { phoenix } }: CampaignFigures): boolean {
  return phoenix === undefined || phoenix.held === phoenix.runs;
}

/** One run on one line, with what is needed to play it again. */
export function lineOf({ way, scenario, struck, broken, seconds }: RunResult): string {
  const { seed, index, strike, backend, layers } = scenario;
  const moment = `${strike} at ${momentOf(scenario, way).toFixed(2)} s`;
  const hit = struck.hit === undefined ? 'hit nothing, the job was over' : `hit ${struck.hit}`;
  const verdict =
    broken.size === 0
      ? 'held'
      : `BROKEN ${[...broken].map(([name, how]) => `${name} (${how.slice(0, 300)})`).join(', ')}`;
  return `run ${index} seed ${seed} ${way}: ${moment}, ${layers.length} layers, ${backend} state, ${hit}: ${verdict} [${seconds.toFixed(1)} s]`;
}

const waySays: Readonly<Record<WayName, string>> = {
  phoenix: 'Phoenix',
  bash: "the document's turbo script",
  tg: '`terragrunt run --all apply`',
};

/** The side-by-side: every way by every strike that came, and each way's total. */
export function table(ways: readonly WayName[], results: readonly RunResult[]): string {
  const head = ['Way', 'Strike', 'Runs', 'Hit', 'All held', ...invariantNames];
  const rows = ways.flatMap((way) => {
    const own = results.filter((each) => each.way === way);
    const ofStrike = (strike: Strike) => own.filter(({ scenario }) => scenario.strike === strike);
    return [
      ...strikes
        .filter((strike) => ofStrike(strike).length > 0)
        .map((strike) => [waySays[way], strike, ...cells(countsOf(ofStrike(strike)))]),
      [`**${waySays[way]}**`, '**all**', ...cells(countsOf(own))],
    ];
  });
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function cells({ runs, hit, held, broken }: Counts): string[] {
  return [String(runs), String(hit), String(held), ...invariantNames.map((name) => String(broken[name]))];
}

/** What the columns of the table mean. */
export function legend(): string {
  return invariantNames.map((name) => `- ${name}: ${invariants[name]}.`).join('\n');
}
