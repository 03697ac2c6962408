/** An engine of ours that may have taken a layer's state lock: what a lock is held against to find out whose it is. */
export interface Holder {
  readonly run: string;
  readonly layer: string;
  /** As OpenTofu writes them into a lock's `Who`: `user@host`. */
  readonly host: string;
  readonly user: string;
  /** Epoch milliseconds between which it can have taken the lock: its attempt's start, and its end or last possible moment. */
  readonly from: number;
  readonly to: number;
  /** Whether any process of that attempt still lives on this machine. */
  readonly alive: boolean;
  /** How we know, for people: `engine 4711 of run 3f2a… (started 10:02:11) is gone`. */
  readonly how: string;
}
