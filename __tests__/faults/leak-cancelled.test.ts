import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { reportSchema } from '../../src/report/schema.ts';
import { playRunner } from '../support/runner/play.ts';
import { smallCastle } from '../support/small-castle.ts';
import { warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

const word = 'canary-k3x9-of-the-word';

test('what a cancelled run saw in arguments is in the report that its post step makes, though it is gone by then', async () => {
  const main = `variable "word" {
  type = string
}
resource "terraform_data" "work" {
  provisioner "local-exec" {
    command = "echo at work; sleep 4; : \${var.word}"
  }
}
`;
  await using world = await smallCastle(
    { a: { main } },
    { secrets: { WORD: { value: word, use: '{ layers: [a] }' } } },
  );
  const runner = await playRunner(world);
  const run = await runner.main({ command: 'rebirth' });
  await run.sees(/\[a\] .*at work/);
  // The sampler looks ten times a second.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  run.kill('SIGINT');
  expect((await run.ended).code).toBe(130);
  const post = await (await runner.post()).ended;
  const report = reportSchema.parse(
    JSON.parse(await readFile(join(world.dir, 'phoenix-report.json'), 'utf8')),
  );
  expect({ code: post.code, verdict: report.verdict }).toEqual({ code: 1, verdict: 'failed' });
  expect(report.error?.code).toBe('PHX-LEAK-FOUND');
  expect(report.leaks.found).toContainEqual({
    secret: 'WORD',
    encoding: 'raw',
    place: expect.stringMatching(/^\/proc\/\d+\/cmdline/),
  });
  // What tells the runner to mask it is taken by the runner, and shown to nobody.
  const shown = post.output.replaceAll(/^::add-mask::.*$/gm, '');
  expect(JSON.stringify(report) + shown).not.toContain(word);
}, 120_000);
