import type { Probe } from '../castle/probes.ts';
import type { VerifySettings } from '../castle/verify.ts';
import { lastSeenText } from '../cluster/last-seen.ts';
import { PhoenixError } from '../errors.ts';
import type { Log } from '../log.ts';
import { hold } from './hold.ts';
import { lookerOf, type ProbeContext, subjectOf } from './lookers.ts';
import { moveFor } from './moves.ts';
import { type ProbeResult, resultOf } from './result.ts';

export interface NamedProbe {
  readonly name: string;
  readonly probe: Probe;
}

/** Holds the castle to its probes, all at once. `onFailure` is told one error a probe that does not pass. */
export async function runProbes(
  probes: readonly NamedProbe[],
  settings: Pick<VerifySettings, 'passes' | 'everySeconds' | 'withinSeconds'>,
  context: ProbeContext & { readonly log: Log; readonly signal: AbortSignal },
  onFailure: (name: string, error: PhoenixError) => void,
): Promise<ProbeResult[]> {
  return Promise.all(
    probes.map(async ({ name, probe }) => {
      const passes = probe.passes ?? settings.passes;
      const held = await hold(lookerOf(probe, context), {
        passes,
        everyMs: settings.everySeconds * 1000,
        seconds: probe.withinSeconds ?? settings.withinSeconds,
        signal: context.signal,
        onChange: (seen) => context.log.from(name, seen),
      });
      const result = resultOf(name, probe.kind, held);
      if (held.passed) {
        context.log.from(name, `passed: ${held.lastSeen}`);
        return result;
      }
      const move = moveFor(held.trouble ?? 'page');
      const flapped =
        held.flaps === 0 ? '' : ` It flapped ${held.flaps} ${held.flaps === 1 ? 'time' : 'times'}.`;
      onFailure(
        name,
        new PhoenixError({
          code: move.code,
          class: 'verify',
          what: held.final
            ? `The probe ${name} (${subjectOf(probe)}) will not pass by itself.`
            : `The probe ${name} (${subjectOf(probe)}) did not pass within ${Math.round(held.seconds)} s, ${passes} looks in a row.`,
          why: `${lastSeenText(held.lastSeen)}${flapped}`,
          next: held.trouble === undefined ? 'Mend what was last seen, then run verify again.' : move.next,
        }),
      );
      return result;
    }),
  );
}
