import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { layerNamePattern } from '../castle/units.ts';
import { PhoenixError } from '../errors.ts';
import { shownPath } from '../paths.ts';

const ownFolders = new Set(['.terragrunt-cache', '.terraform', '.git']);

/**
 * The units on disk, by their path relative to the live folder, sorted. Symlinks are not followed, as Terragrunt does
 * not. Throws PHX-PLAN-LIVE-MISSING, PHX-PLAN-EMPTY, and for units that Terragrunt or Phoenix could not run as layers
 * PHX-PLAN-ROOT-UNIT, PHX-PLAN-JSON-UNIT, PHX-PLAN-UNIT-NAME.
 */
export async function unitsOnDisk(liveDir: string): Promise<string[]> {
  const units: string[] = [];
  const open = [liveDir];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const entries = await readdir(folder, { withFileTypes: true }).catch((cause) => {
      throw unreadable(liveDir, cause);
    });
    for (const entry of entries) {
      if (entry.isDirectory() && !ownFolders.has(entry.name)) open.push(join(folder, entry.name));
      if (entry.name === 'terragrunt.hcl.json') throw jsonUnit(join(folder, entry.name));
      if (entry.name === 'terragrunt.hcl') units.push(relative(liveDir, folder));
    }
  }
  if (units.length === 0) throw empty(liveDir);
  for (const unit of units) {
    if (unit === '') throw rootUnit(join(liveDir, 'terragrunt.hcl'));
    if (!layerNamePattern.test(unit)) throw unitName(liveDir, unit);
  }
  return units.sort();
}

function unreadable(liveDir: string, cause: NodeJS.ErrnoException): PhoenixError {
  return planError({
    code: 'PHX-PLAN-LIVE-MISSING',
    what: `The live folder ${shownPath(liveDir)} cannot be read.`,
    why: cause.code === 'ENOENT' ? 'It does not exist.' : `The system said ${cause.code}.`,
    next: 'Correct `live` in the castle file, or make the folder.',
    cause,
  });
}

function empty(liveDir: string): PhoenixError {
  return planError({
    code: 'PHX-PLAN-EMPTY',
    what: `The live folder ${shownPath(liveDir)} has no layer.`,
    why: 'No folder in it holds a terragrunt.hcl.',
    next: 'Correct `live` in the castle file, or write the first unit.',
  });
}

function rootUnit(file: string): PhoenixError {
  return planError({
    code: 'PHX-PLAN-ROOT-UNIT',
    what: 'The live folder itself is a unit.',
    why: 'Terragrunt 1 takes every terragrunt.hcl for a unit, also one that others only include.',
    next: 'Rename it to root.hcl, and include it by `find_in_parent_folders("root.hcl")`.',
    at: { file: shownPath(file) },
  });
}

function jsonUnit(file: string): PhoenixError {
  return planError({
    code: 'PHX-PLAN-JSON-UNIT',
    what: 'A unit is written as terragrunt.hcl.json.',
    why: 'Terragrunt’s discovery does not see such units, so the layer would silently be left out.',
    next: 'Write it as terragrunt.hcl.',
    at: { file: shownPath(file) },
  });
}

function unitName(liveDir: string, unit: string): PhoenixError {
  return planError({
    code: 'PHX-PLAN-UNIT-NAME',
    what: `${JSON.stringify(unit)} cannot be the name of a layer.`,
    why: 'A layer is called by its folder, with letters, digits, `.`, `_` and `-`, and no `-` first.',
    next: 'Rename the folder.',
    at: { file: shownPath(join(liveDir, unit, 'terragrunt.hcl')) },
  });
}

function planError(explanation: Omit<ConstructorParameters<typeof PhoenixError>[0], 'class'>): PhoenixError {
  return new PhoenixError({ class: 'plan', ...explanation });
}
