/**
 * Does `value` match a bound value of Infisical, which is equality or picomatch? Of picomatch this knows what bindings
 * use: `*` and `?` stay inside one `/` segment and do not begin a segment at a dot; `**` crosses segments only where it
 * is a segment by itself. So `repo:o/r:*` does not let `repo:o/r:ref:refs/heads/main` in.
 */
export function matchesPolicy(value: string, policy: string): boolean {
  return value === policy || matchSegments(value.split('/'), policy.split('/'));
}

function matchSegments(values: readonly string[], policies: readonly string[]): boolean {
  const [policy, ...policiesLeft] = policies;
  if (policy === undefined) return values.length === 0;
  const [value, ...valuesLeft] = values;
  if (policy === '**') {
    if (matchSegments(values, policiesLeft)) return true;
    return value !== undefined && !value.startsWith('.') && matchSegments(valuesLeft, policies);
  }
  return value !== undefined && matchSegment(value, policy) && matchSegments(valuesLeft, policiesLeft);
}

function matchSegment(value: string, policy: string): boolean {
  if (value.startsWith('.') && /^[*?]/.test(policy)) return false;
  const pattern = policy
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll(/\*+/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`, 's').test(value);
}
