import { join } from 'node:path';
import { boxCastle, nodeCastle } from '../request.ts';

/** The castle of a drill that names none: with a real node where one can be had (root on Linux), else the plain box. */
export function ownCastle(
  home: string,
  { platform, uid }: { readonly platform: NodeJS.Platform; readonly uid: number | undefined },
): string {
  return join(home, platform === 'linux' && uid === 0 ? nodeCastle : boxCastle);
}
