import { boxCastle, nodeCastle, type Request } from '../request.ts';

/** The castle of a drill that names none, from Phoenix' own folder: with a real node where one can be had, which is as root on Linux. */
export function ownCastle({
  platform,
  uid,
}: {
  readonly platform: NodeJS.Platform;
  readonly uid: number | undefined;
}): Pick<Request, 'castle' | 'node'> {
  return platform === 'linux' && uid === 0
    ? { castle: nodeCastle, node: 'real' }
    : { castle: boxCastle, node: 'none' };
}
