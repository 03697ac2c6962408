import { Refusal } from '../manifest/refusal.mjs';
import { kubectl } from './kubectl.mjs';

/** The API server waits up to ten seconds for a webhook that hangs; its word is worth having. */
const requestMs = 15_000;
const denied =
  /denied the request|\bis invalid:|\(BadRequest\)|field not declared in schema|strict decoding error/;
/** MetalLB denies in these words while it cannot read its own objects yet. */
const notYet = /failed calling webhook|failed to get existing|cache is not started/;

/**
 * Applies `objects` once a server-side dry run of them is admitted: `ok`, or what was `seen` ('' where the gate's own
 * deadline cut it short). A webhook that answers and says no, and an API server that does not know what it was given,
 * are believed at once.
 * @throws Refusal with their words
 */
export async function applyOnceAdmitted(objects, manager, withinMs) {
  const apply = (more) =>
    kubectl(
      ['apply', '--server-side', '--force-conflicts', `--field-manager=${manager}`, '--filename=-', ...more],
      { input: objects, withinMs: Math.min(withinMs, requestMs) },
    );
  const rehearsed = await apply(['--dry-run=server']);
  const applied = rehearsed.code === 0 ? await apply([]) : rehearsed;
  if (applied.code === 0) return { ok: true, seen: applied.stdout.trim() };
  const refused = applied.stderr.split('\n').find((line) => denied.test(line) && !notYet.test(line));
  if (refused !== undefined)
    throw new Refusal(
      'The API server refused an object of this layer.',
      refused,
      'Mend the inputs of this layer; the same again is refused again.',
    );
  return {
    ok: false,
    seen: applied.stderr || (withinMs < requestMs ? '' : `no answer within ${requestMs / 1000} s`),
  };
}
