import { shownPath } from '../paths.ts';
import { unitsOnDisk } from '../plan/units.ts';
import { assertStore } from '../rebirth/claim-gate.ts';
import { probesOf, supported } from '../rebirth/supported.ts';
import { type Check, failedBy, ofCastle, ok } from './check.ts';

/** Found only after the file itself was taken. */
const liveMissing = 'PHX-CASTLE-LIVE-MISSING';

export const castleFile: Check = {
  id: 'castle.file',
  why: 'Everything that a rebirth does is written in the castle file.',
  async look({ castle, castleFile: file }) {
    if (castle instanceof Error && castle.code !== liveMissing) return failedBy(castle);
    return ok(`${shownPath(file)} can be used`);
  },
};

export const castleLive: Check = {
  id: 'castle.live',
  why: 'The layers are the Terragrunt units below the live folder.',
  async look(subject) {
    const { castle } = subject;
    if (castle instanceof Error && castle.code === liveMissing) return failedBy(castle);
    return ofCastle(async ({ liveDir }) => {
      const { length } = await unitsOnDisk(liveDir);
      return ok(`${shownPath(liveDir)} has ${length} ${length === 1 ? 'unit' : 'units'}`);
    })(subject);
  },
};

export const castleSupport: Check = {
  id: 'castle.support',
  why: 'A rebirth refuses a castle that asks for what this version cannot do.',
  look: ofCastle(async (castle) => {
    for (const probe of probesOf(castle)) supported(probe, castle);
    if (castle.claim !== undefined) assertStore(castle);
    return ok('this version can do what the castle file asks for');
  }),
};
