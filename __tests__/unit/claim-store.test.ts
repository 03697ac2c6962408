import { describe, expect, test } from 'vitest';
import { loadCastle } from '../../src/castle/load.ts';
import { findStore } from '../../src/rebirth/claim-gate.ts';
import { castleFolder, wholeCastle } from '../support/castle.ts';

async function castle() {
  await using folder = await castleFolder(wholeCastle);
  return await loadCastle(folder.file);
}

describe("the store that the cluster claims its token from, where the castle file gives the project's id", () => {
  test('has the slug that Infisical says the project has', async () => {
    expect(await findStore({ castle: await castle() }, { projectSlug: async () => 'looked-up' })).toEqual({
      name: 'tazlab-secrets',
      host: 'https://eu.infisical.com',
      projectSlug: 'looked-up',
      environment: 'prod',
      path: '/',
    });
  });

  test.each([{ projectSlug: async () => undefined }, {}, undefined])(
    'cannot be told where the identity may not look it up (%#)',
    async (session) => {
      await expect(findStore({ castle: await castle() }, session)).rejects.toMatchObject({
        code: 'PHX-CLAIM-STORE-UNKNOWN',
        next: 'Give secrets.source.infisical a `project-slug` instead of `project-id`.',
      });
    },
  );
});
