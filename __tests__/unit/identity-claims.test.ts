import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { claimsOf, otherSubjectForm } from '../../src/identity/claims.ts';

const jwt = (payload: unknown) => `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.c2ln`;

describe('the claims of an id token', () => {
  test('are decoded, a list of audiences as one text', () => {
    expect(claimsOf(jwt({ iss: 'i', sub: 's', aud: ['a', 'b'], environment: 'prod', more: 1 }))).toEqual({
      iss: 'i',
      sub: 's',
      aud: 'a, b',
      environment: 'prod',
    });
  });

  test('are undefined for anything that is no JWT', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(claimsOf(text)).toBeUndefined();
        expect(claimsOf(`a.${text}.b`)).toBeUndefined();
      }),
    );
    expect(claimsOf(jwt({ iss: 'i', sub: 's' }))).toBeUndefined();
  });
});

describe('the other form of a subject', () => {
  const claims = (sub: string, ids = {}) => ({ iss: 'i', aud: 'a', sub, ...ids });
  const ids = { repository_id: '2', repository_owner_id: '1' };

  test('is the one with ids for the classic one, and back', () => {
    const classic = 'repo:o/r:ref:refs/heads/main';
    const immutable = 'repo:o@1/r@2:ref:refs/heads/main';
    expect(otherSubjectForm(claims(classic, ids))).toBe(immutable);
    expect(otherSubjectForm(claims(immutable))).toBe(classic);
  });

  test('cannot be told without the ids, or for a subject of another make', () => {
    expect(otherSubjectForm(claims('repo:o/r:pull_request'))).toBeUndefined();
    expect(otherSubjectForm(claims('job_workflow_ref:o/r/x.yml', ids))).toBeUndefined();
  });
});
