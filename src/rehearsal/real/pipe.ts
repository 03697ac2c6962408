import type { Socket } from 'node:net';

/** Joins two connections, each half by itself: an end passes on, and an error of one is the end of both. */
export function join(one: Socket, other: Socket): void {
  for (const socket of [one, other]) {
    socket.on('error', () => {
      one.destroy();
      other.destroy();
    });
    socket.setNoDelay(true);
  }
  one.on('close', () => other.destroy());
  other.on('close', () => one.destroy());
  one.pipe(other);
  other.pipe(one);
}
