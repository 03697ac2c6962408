import { parseArgs } from 'node:util';
import { type WayName, wayNames } from './scenario.ts';

export interface CampaignOptions {
  readonly runs: readonly number[];
  readonly seed: number;
  readonly ways: readonly WayName[];
  readonly phoenix: string | undefined;
  readonly atOnce: number;
  readonly json: boolean;
  readonly write: boolean;
  readonly keep: string | undefined;
}

/** The campaign's command line. Without a seed chance draws one; it is printed, and plays the same runs again. */
export function campaignOptions(args: readonly string[]): CampaignOptions {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { ...text, default: '11' },
      seed: text,
      ways: { ...text, default: 'phoenix' },
      'only-run': text,
      'at-once': { ...text, default: '2' },
      phoenix: text,
      keep: text,
      json: flag,
      write: flag,
    },
  });
  const only = values['only-run'];
  return {
    runs:
      only === undefined
        ? Array.from({ length: whole('--runs', values.runs, 1) }, (_, index) => index)
        : [whole('--only-run', only, 0)],
    seed: whole('--seed', values.seed ?? String(Math.floor(Math.random() * 1e6)), 0),
    ways: values.ways.split(',').map(wayOf),
    phoenix: values.phoenix,
    atOnce: whole('--at-once', values['at-once'], 1),
    json: values.json,
    write: values.write,
    keep: values.keep,
  };
}

function whole(option: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`${option} takes a whole number from ${least}, not "${text}"`);
}

function wayOf(text: string): WayName {
  const way = wayNames.find((name) => name === text);
  if (way === undefined) throw new Error(`no way "${text}"; there are ${wayNames.join(', ')}`);
  return way;
}
