import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take minutes, the longest first. */
const long = [
  'e2e/drill-node',
  'faults/cancel-layers',
  'faults/campaign',
  'e2e/workflows',
  'faults/platform',
  'real/nuke',
  'real/witness',
  'faults/cancel-box',
  'faults/mint',
  'faults/leak-box',
  'faults/kill',
  'faults/unsaved-state',
  'faults/from-nothing',
  'real/claim-rotation',
].map((name) => `/__tests__/${name}.test.ts`);

/** Begins with the files that take minutes, so that none of them is left to run by itself at the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => rank(one) - rank(other));
  }
}

function rank({ moduleId }: TestSpecification): number {
  const place = long.findIndex((path) => moduleId.endsWith(path));
  return place === -1 ? long.length : place;
}
