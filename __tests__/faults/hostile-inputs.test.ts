import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { commandNames } from '../../src/request.ts';
import { playRunner } from '../support/runner/play.ts';
import { made, smallCastle } from '../support/small-castle.ts';

const root = join(import.meta.dirname, '..', '..');
const { inputs } = parse(readFileSync(join(root, 'action.yml'), 'utf8')) as {
  inputs: Record<string, unknown>;
};
const names = Object.keys(inputs).filter((name) => name !== 'command');

/** What an input does where it comes to a shell, a terminal, the runner's log commands or another program's options. */
const hostile = (canary: string, precious: string) => [
  `$(touch ${canary})`,
  `\`touch ${canary}\``,
  `; touch ${canary} #`,
  `x\ntouch ${canary}`,
  `x\n::set-output name=verdict::reborn`,
  `--config=${canary}`,
  `-var=x`,
  `%0A::add-mask::verdict`,
  precious,
  `\${{ secrets.GITHUB_TOKEN }}`,
];

describe('the Action given hostile inputs', () => {
  let world: Awaited<ReturnType<typeof smallCastle>>;
  beforeAll(async () => {
    world = await smallCastle({ first: { main: made } });
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });

  it.each(names)(
    "runs nothing that stands in %s, says nothing in the runner's own words, and loses nobody's file",
    async (name) => {
      const canary = join(world.dir, `canary-${name}`);
      const precious = join(world.dir, `precious-${name}`);
      writeFileSync(precious, 'mine\n');
      for (const [index, value] of hostile(canary, precious).entries()) {
        const command = commandNames[(index + names.indexOf(name)) % commandNames.length] ?? 'plan';
        // Every value meets every second input: all of them together take minutes.
        if (command === 'rehearse' || (index + names.indexOf(name)) % 2 === 1) continue;
        const runner = await playRunner(world);
        // Without a castle a drill is of one that comes with Phoenix.
        const inputs = { ...(command === 'drill' ? { castle: 'phoenix.yaml' } : {}), [name]: value };
        const ended = await (await runner.main({ command, ...inputs })).ended;
        expect(readFileSync(precious, 'utf8'), `${command} with ${name}: ${value}`).toBe('mine\n');
        expect(existsSync(canary), `${command} with ${name}: ${value}`).toBe(false);
        expect(ended.output).not.toMatch(/^::(?:set-output|add-mask)/m);
        expect(ended.output).not.toMatch(/^\s+at .*\.ts:/m);
        const outputs = await runner.written('OUTPUT');
        if (ended.code !== 0) expect(outputs.get('verdict')).not.toBe('reborn');
      }
    },
  );
});
