import { randomOf } from './random.ts';

export const strikes = [
  'kill-main',
  'kill-post',
  'kill-terragrunt',
  'kill-tofu',
  'kill-server',
  'power-cut',
  'cancel',
  'cancel-twice',
  'force-cancel',
  'step-timeout',
  'service-stop',
] as const;
export type Strike = (typeof strikes)[number];

export const wayNames = ['phoenix', 'bash', 'tg'] as const;
export type WayName = (typeof wayNames)[number];

export interface CampaignLayer {
  readonly name: string;
  readonly dependencies: readonly string[];
  /** What it makes in the cloud: name → seconds of work. */
  readonly objects: Readonly<Record<string, number>>;
}

/** All that chance decides about one run, so that a seed and a number bring it back. */
export interface Scenario {
  readonly seed: number;
  readonly index: number;
  readonly layers: readonly CampaignLayer[];
  /** The one layer that is given the secret. */
  readonly secretLayer: string;
  readonly backend: 'http' | 'local';
  readonly strike: Strike;
  /** When it strikes, as a share of the time that the run is expected to take. */
  readonly share: number;
  /** What a strike needs besides: the gap to its second half, the server's downtime. */
  readonly gapSeconds: number;
  /** Which of several processes is hit, from 0 up to 1. */
  readonly which: number;
  /** The writes that are under way when it strikes take that much longer: more than the runner gives main. 0: as ever. */
  readonly drainSeconds: number;
}

const words = ['secrets', 'platform', 'engine', 'networking', 'storage', 'gitops'];

/** The longest a write of a state takes; the server draws each anew. */
export const slowestWriteMs = 2000;

export function scenarioOf(seed: number, index: number): Scenario {
  const chance = randomOf('campaign', seed, index);
  const names = words.slice(0, chance.whole(3, words.length));
  const layers = names.map((name, place): CampaignLayer => {
    const before = chance.shuffled(names.slice(0, place));
    const objects = Array.from({ length: chance.whole(1, 2) }, (_, number) => [
      `${name}-${number + 1}`,
      Math.round(chance.between(0.1, 1) * 100) / 100,
    ]);
    return { name, dependencies: before.slice(0, chance.whole(0, 2)), objects: Object.fromEntries(objects) };
  });
  const strike = strikeOf(seed, index);
  return {
    seed,
    index,
    layers,
    secretLayer: names[chance.whole(0, names.length - 1)] ?? '',
    backend: chance.chance(0.7) || strike === 'kill-server' ? 'http' : 'local',
    strike,
    share: chance.between(0.02, 0.9),
    gapSeconds: chance.between(...gapsOf(strike)),
    which: chance.next(),
    drainSeconds: gentle.has(strike) && chance.chance(0.5) ? chance.between(11, 14) : 0,
  };
}

/** Seconds, from and to, between the halves of a strike. */
function gapsOf(strike: Strike): [number, number] {
  // Up to 3 s OpenTofu tries again; after that it writes the state beside itself and gives up.
  if (strike === 'kill-server') return [1, 5];
  // Main leaves soon after the first.
  return strike === 'cancel-twice' ? [0, 0.5] : [0, 1.5];
}

/** Strikes that leave the engine the time to end well: what a slow write does to that is what they are there for. */
const gentle: ReadonlySet<Strike> = new Set([
  'kill-post',
  'cancel',
  'cancel-twice',
  'step-timeout',
  'service-stop',
]);

/** Dealt from a shuffled deck, a new one when it is used up: every strike comes, in few runs too, in no order. */
function strikeOf(seed: number, index: number): Strike {
  const deck = randomOf('deck', seed, Math.floor(index / strikes.length)).shuffled(strikes);
  return deck[index % strikes.length] ?? 'cancel';
}

/** Seconds that each way needs before its first layer, and besides the work for each layer, on two idle cores. */
const pace: Readonly<Record<WayName, { readonly start: number; readonly layer: number }>> = {
  phoenix: { start: 1, layer: 0.8 },
  bash: { start: 0.1, layer: 0.6 },
  tg: { start: 0.4, layer: 0.6 },
};

/** When the strike comes, in seconds after the job's start. A guess of the length is enough, but must be the same again. */
export function momentOf({ layers, backend, share }: Scenario, way: WayName): number {
  const { start, layer } = pace[way];
  const write = backend === 'http' ? slowestWriteMs / 2000 : 0;
  const ends = new Map<string, number>();
  for (const { name, dependencies, objects } of layers) {
    const begins = Math.max(0, ...dependencies.map((on) => ends.get(on) ?? 0));
    ends.set(name, begins + layer + write + Math.max(...Object.values(objects)));
  }
  return share * (start + Math.max(...ends.values()));
}
