import { resolve } from 'node:path';
import { loadCastle } from '../castle/load.ts';
import type { Check } from '../doctor/check.ts';
import { checks } from '../doctor/checks.ts';
import { chosen, type Examined, examine } from '../doctor/examine.ts';
import { planOnce } from '../doctor/planned.ts';
import { examineTrust } from '../doctor/trust.ts';
import { shownTrust } from '../doctor/trust-words.ts';
import { countsOf, shownChecks, shownCounts } from '../doctor/words.ts';
import type { Edge } from '../edge.ts';
import { explain, PhoenixError, toPhoenixError } from '../errors.ts';
import type { Request } from '../request.ts';
import type { CommandResult } from './result.ts';

const nodeGroup = 'node';
const notAsked = { examined: [], trust: undefined };

/** Looks whether a rebirth could begin here, and what a dead one left. Changes nothing; see docs/doctor.md. */
export async function doctor(request: Request, edge: Edge): Promise<CommandResult> {
  const wanted = asked(request);
  const castleFile = resolve(edge.cwd, request.castle || 'phoenix.yaml');
  const castle = await loadCastle(castleFile).catch(toPhoenixError);
  const checked = await examine(
    wanted,
    { edge, castleFile, castle, planned: planOnce(castle, edge) },
    edge.signal,
  );
  const { examined: trusted, trust } = request.trust ? await examineTrust(edge, castle) : notAsked;
  const examined = [...checked, ...trusted];
  const counts = countsOf(examined);
  const error = refusal(examined);
  return {
    exitCode: error?.exitCode ?? 0,
    json: {
      castle: castle instanceof Error ? null : castle.name,
      checks: examined,
      counts,
      ...(request.trust ? { trust: trust ?? null } : {}),
      ...(error === undefined
        ? {}
        : { error: { code: error.code, what: error.what, why: error.why, next: error.next } }),
    },
    text: () =>
      [
        ...shownChecks(examined),
        '',
        `doctor: ${shownCounts(counts)}`,
        ...(trust === undefined || castle instanceof Error ? [] : ['', ...shownTrust(trust, castle.name)]),
        ...(error === undefined ? [] : ['', explain(error)]),
      ].join('\n'),
    findings: examined.flatMap(({ findings = [] }) => findings),
    ...(error === undefined ? {} : { error }),
  };
}

/** What a real node takes is looked at where one is asked for; no other rebirth needs it. */
function asked({ only, node }: Request): readonly Check[] {
  if (node === 'real') return chosen(checks, only.length === 0 ? [] : [...only, nodeGroup]);
  const all = chosen(checks, only);
  return only.length === 0 ? all.filter(({ id }) => !id.startsWith(`${nodeGroup}.`)) : all;
}

function refusal(examined: readonly Examined[]): PhoenixError | undefined {
  const failed = examined.filter(({ status }) => status === 'failed');
  if (failed.length === 0) return undefined;
  const at = failed.find((each) => each.at !== undefined)?.at;
  return new PhoenixError({
    code: 'PHX-DOCTOR-FAILED',
    class: 'input',
    what: 'A rebirth would not end well here.',
    why: `Failed: ${failed.map(({ id }) => id).join(', ')}.`,
    next: 'Do what stands below each of them, then run `phoenix doctor` again.',
    ...(at === undefined ? {} : { at }),
  });
}
