import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { made, smallCastle } from '../support/small-castle.ts';

/** A page that a castle without a cluster may be verified by. */
async function servePage(body: string) {
  const server = createServer((_, response) => response.end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const milestone = (url: string, within: string, contains: string) =>
  `milestones:\n  blog: { within: ${within}, all: [{ http: "${url}", contains: "${contains}" }] }\n`;

describe('milestones of a castle without a claim', () => {
  it('are verified when the layers are done', async () => {
    await using page = await servePage('<title>build 7</title>');
    await using world = await smallCastle(
      { first: { main: made } },
      { yaml: milestone(page.url, '30s', 'build 7') },
    );
    const { code, report, output } = await world.run(['rebirth']);
    expect(code, output).toBe(0);
    expect(report?.milestones).toMatchObject([{ name: 'blog', met: true, targetSeconds: 30 }]);
  });

  it('fail the run when the page is there but the marker is not', async () => {
    await using page = await servePage('<title>build 6</title>');
    await using world = await smallCastle(
      { first: { main: made } },
      { yaml: milestone(page.url, '2s', 'build 7') },
    );
    const { code, report, output } = await world.run(['rebirth']);
    expect(code).toBe(9);
    expect(report?.verdict).toBe('failed');
    expect(report?.milestones).toMatchObject([{ name: 'blog', met: false, seconds: null }]);
    expect(output).toContain('PHX-VERIFY-MILESTONE');
    expect(output).toContain('answered without the marker');
  });

  it('are refused before anything is changed where they ask for what this castle or version cannot verify', async () => {
    const checks = {
      'PHX-VERIFY-REVISION': '{ kustomization: apps }',
      'PHX-VERIFY-DATABASE': '{ database: { up-to: V2 } }',
      'PHX-VERIFY-CLUSTER': '{ nodes: all }',
    };
    for (const [code, check] of Object.entries(checks)) {
      await using world = await smallCastle(
        { first: { main: made } },
        { yaml: `milestones:\n  stack: { within: 30s, all: [${check}] }\n` },
      );
      const ended = await world.run(['rebirth']);
      expect(ended.code).toBe(2);
      expect(ended.output).toContain(code);
      expect(ended.output).not.toContain('[first] started');
    }
  });
});
