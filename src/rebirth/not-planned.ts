import type { PhoenixError } from '../errors.ts';
import { condense, listed } from '../layer/words.ts';

export interface Ground {
  readonly withoutSecrets: boolean;
  /** Of the layers below: those whose state is empty. */
  readonly neverApplied: readonly string[];
  /** Of the layers below: those that could not be planned. */
  readonly unplanned: readonly string[];
  /** The layer of a unit's file. */
  nameOf(file: string): string;
}

/** How backends and providers say that nobody gave them a credential, or the way to their API. */
const wantsCredentials = [
  /no valid credential sources/i,
  /could not find default credentials/i,
  /failed to get shared config profile/i,
  /\b(?:access|api|authentication|auth) ?(?:key|token|credentials?)\b.{0,60}\b(?:is|are) (?:not set|missing|required|empty)/i,
  /\bmissing (?:credentials|(?:auth|authentication|api|access) ?(?:token|key))/i,
  /\b(?:token|key|credentials?|password|username)\b.{0,40}\bmust be (?:set|provided|specified|configured)\b/i,
  /\bno configuration has been provided\b/i,
  /\bno credentials\b/i,
  /\bdial tcp (?:127\.0\.0\.1|\[::1\]|localhost):80\b/,
];

/**
 * Why a layer whose plan failed could not be planned, where that is no mistake of anybody's; undefined where it is a
 * failure. `check`: whether its configuration can be checked all the same, and whether it must be found valid, since the
 * same error could be its own doing.
 */
export function whyNotPlanned(
  { error, said }: { readonly error: PhoenixError; readonly said: string },
  { withoutSecrets, neverApplied, unplanned, nameOf }: Ground,
): { readonly why: string; readonly check: 'no' | 'may' | 'must' } | undefined {
  const empty = /(\S+\/\S*\.hcl) is a dependency of \S+ but detected no outputs/.exec(said)?.[1];
  if (empty !== undefined) return { why: `${nameOf(empty)} was never applied`, check: 'no' };
  if (error.code === 'PHX-LAYER-DEPENDENCY' && unplanned.length > 0)
    return { why: `the outputs of ${listed(unplanned)} cannot be read`, check: 'no' };
  const refused = error.code === 'PHX-LAYER-REFUSED' || error.code === 'PHX-LAYER-STATE-KEY';
  if (withoutSecrets && (refused || wantsCredentials.some((pattern) => pattern.test(said))))
    return { why: `needs credentials, which this run does not get: ${condense(said)}`, check: 'may' };
  if (neverApplied.length > 0)
    return { why: `${listed(neverApplied)} was never applied: ${condense(said)}`, check: 'must' };
  return undefined;
}
