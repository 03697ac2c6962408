import { PhoenixError } from '../../errors.ts';
import type { NodeKind } from '../node-kind.ts';
import { type FaultTarget, parseFault, planFaults } from '../stand-ins/faults.ts';

/** What is wrong with a node from its beginning, by the faults `node:…`. */
export interface NodeTroubles {
  /** Sizes of volumes that differ from the usual. */
  readonly sizes: Readonly<Record<string, string>>;
  /** References of images that the node does not get. */
  readonly withheld: ReadonlySet<string>;
  /** References of images that it gets so long after it is Ready. */
  readonly late: ReadonlySet<string>;
  readonly lateMs: number;
  /** How far in the future the certificate of the kubelet begins. */
  readonly certificateAheadMs: number;
  /** How often the kubelet is killed, each time `killAfterMs` after it was started. */
  readonly kubeletKills: number;
  readonly killAfterMs: number;
}

const none: NodeTroubles = {
  sizes: {},
  withheld: new Set(),
  late: new Set(),
  lateMs: 30_000,
  certificateAheadMs: 0,
  kubeletKills: 0,
  killAfterMs: 2_000,
};

/** The node of a machine that faults are meant for; where they are not (`struck`), one without troubles. */
export function nodeTroubles(faults: readonly string[], struck: boolean): NodeTroubles {
  if (!struck) return none;
  const plan = planFaults('node', faults);
  let kubeletKills = 0;
  // Six deaths within a minute are the most that a program is started again after.
  while (kubeletKills < 10 && plan.strikes('kubelet-killed')) kubeletKills += 1;
  return {
    ...none,
    kubeletKills,
    sizes: plan.strikes('disk-full') ? { 'castle-0': '16m' } : {},
    withheld: new Set(plan.strikes('image-missing') ? ['phoenix.box/mnemosyne:1'] : []),
    late: new Set(plan.strikes('webhook-late') ? ['quay.io/metallb/controller:v0.16.1'] : []),
    certificateAheadMs: plan.strikes('clock-off') ? 3_600_000 : 0,
  };
}

/** Faults of these are of a node that is real, or of the S3 server beside it. */
const ofRealNodes = new Set<FaultTarget>(['node', 's3']);

/** Refuses a fault that nothing in such a box could have. @throws PhoenixError PHX-BOX-FAULT */
export function assertCanStrike(faults: readonly string[], node: NodeKind): void {
  // Every one is parsed, also behind the first of them.
  const [fault] = faults.filter((each) => ofRealNodes.has(parseFault(each).target));
  if (fault === undefined || node === 'real') return;
  throw new PhoenixError({
    code: 'PHX-BOX-FAULT',
    class: 'input',
    what: `--fault ${fault} means nothing with \`node: ${node}\`.`,
    why: 'It is a fault of a node with a kubelet, or of the database in it, and this box has none.',
    next: 'Add `--node real` (Linux, as root), or leave the fault out.',
  });
}
