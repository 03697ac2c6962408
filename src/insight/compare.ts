import { median } from '../plan/expected.ts';
import type { Report } from '../report/schema.ts';
import { isWhole, likenessOf, type Sample, totalOf } from './sample.ts';

/** A part is held against so many of the last runs that did the same. */
const most = 8;
/** From fewer nobody can tell what is usual: of three, every second run after them would lie outside by chance. */
export const leastRuns = 5;

export type ComparedPart = NonNullable<Report['comparison']>['parts'][number];

/**
 * Each layer, gate and milestone, and the whole, against the last runs that did the same to it; `samples` are the
 * newest first. Slower is only what took longer than in every one of them, and by more than they differ among
 * themselves: three deviations of their median, at least 5 % and half a second. Undefined for what is no whole rebirth.
 */
export function compare(
  report: Report,
  samples: readonly Sample[],
  from: NonNullable<Report['comparison']>['from'],
): Report['comparison'] {
  if (!isWhole(report)) return undefined;
  // A leg's sample is in that of its whole run, be it this one.
  const others = samples.filter(
    ({ run, mode, like: whole }) => run !== report.run && mode === report.mode && whole !== undefined,
  );
  const like = likenessOf(report);
  const whole = others.filter((sample) => sample.like === like);
  const part = (
    kind: ComparedPart['kind'],
    name: string,
    seconds: number,
    known: readonly (number | undefined)[],
  ) => compared(kind, name, seconds, known.filter((each) => each !== undefined).slice(0, most));
  return {
    from,
    runs: Math.min(most, whole.length),
    parts: [
      part(
        'total',
        'total',
        totalOf(report),
        whole.map(({ totalSeconds }) => totalSeconds),
      ),
      ...report.milestones.flatMap(({ name, seconds }) =>
        seconds === null
          ? []
          : [
              part(
                'milestone',
                name,
                seconds,
                whole.map(({ milestones }) => milestones?.[name]),
              ),
            ],
      ),
      ...report.layers.flatMap(({ name, seconds, verdict }) => {
        if (verdict !== 'applied' && verdict !== 'unchanged') return [];
        const same = others.filter(
          ({ unchanged }) => unchanged?.includes(name) === (verdict === 'unchanged'),
        );
        return [
          part(
            'layer',
            name,
            seconds,
            same.map(({ layers }) => layers[name]),
          ),
        ];
      }),
      ...report.gates.flatMap(({ name, seconds, verdict }) =>
        verdict === 'passed'
          ? [
              part(
                'gate',
                name,
                seconds,
                others.map(({ gates }) => gates[name]),
              ),
            ]
          : [],
      ),
    ],
  };
}

function compared(
  kind: ComparedPart['kind'],
  name: string,
  seconds: number,
  known: readonly number[],
): ComparedPart {
  const none = { medianSeconds: null, minSeconds: null, maxSeconds: null };
  const base = { kind, name, seconds: rounded(seconds), runs: known.length };
  if (known.length < leastRuns) return { ...base, ...none, is: 'unknown' };
  const middle = median(known);
  const [least, longest] = [Math.min(...known), Math.max(...known)];
  const room = Math.max(spreadOf(known, middle), middle * 0.05, 0.5);
  const is =
    seconds > longest && seconds - middle > room
      ? 'slower'
      : seconds < least && middle - seconds > room
        ? 'faster'
        : 'usual';
  return {
    ...base,
    ...{ medianSeconds: rounded(middle), minSeconds: rounded(least), maxSeconds: rounded(longest) },
    is,
  };
}

/** Three standard deviations, told by the median absolute deviation: one run that took for ever does not stretch it. */
function spreadOf(known: readonly number[], middle: number): number {
  return 3 * 1.4826 * median(known.map((each) => Math.abs(each - middle)));
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
