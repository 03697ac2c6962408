import { describe, expect, test } from 'vitest';
import { matchesPolicy } from '../../src/rehearsal/stand-ins/infisical-policy.ts';

const branch = 'repo:o/r:ref:refs/heads/main';
const environment = 'repo:o/r:environment:prod';
const pull = 'repo:o/r:pull_request';

describe('a bound value matches as picomatch does', () => {
  test.each([
    ['repo:o/r:*', branch, false],
    ['repo:o/r:*', environment, true],
    ['repo:o/r:*', pull, true],
    ['repo:o/r:**', branch, false],
    ['repo:o/r:**', pull, true],
    ['repo:o/r:ref:refs/heads/*', branch, true],
    ['repo:o/*', branch, false],
    ['repo:o/*', environment, true],
    ['repo:o/**', branch, true],
    ['repo:o/r*', 'repo:o/r-evil:pull_request', true],
    [branch, branch, true],
    [branch, 'repo:o@1/r@2:ref:refs/heads/main', false],
    ['o/r/.github/workflows/x.yml@*', 'o/r/.github/workflows/x.yml@refs/heads/main', false],
    ['o/r/.github/workflows/x.yml@**', 'o/r/.github/workflows/x.yml@refs/heads/main', false],
    ['o/r/**', 'o/r/.github/workflows/x.yml@refs/heads/main', false],
    ['repo:o/r:environment:pro?', environment, true],
    ['repo.o/r:environment:prod', environment, false],
  ])('%s for %s: %s', (policy, value, matches) => {
    expect(matchesPolicy(value, policy)).toBe(matches);
  });
});
