import { once } from 'node:events';
import { beforeAll, expect, test } from 'vitest';
import { serveLocally } from '../support/local-server.ts';
import { made, smallCastle } from '../support/small-castle.ts';
import { warmTools } from '../support/world.ts';

beforeAll(() => warmTools(['tofu', 'terragrunt']), 900_000);

test('a rebirth’s spans and those of its Terragrunts are one trace, each layer’s below its own span', async () => {
  const own: string[] = [];
  const terragrunts: Buffer[] = [];
  await using server = await serveLocally(async (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(request, 'end');
    const body = Buffer.concat(chunks);
    if (request.headers['content-type'] === 'application/json') own.push(body.toString());
    else terragrunts.push(body);
    response.writeHead(200).end();
  });
  await using world = await smallCastle({ a: { main: made }, b: { after: ['a'], main: made } });
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const ended = await world.run(['rebirth'], {
    OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
    TRACEPARENT: `00-${trace}-00f067aa0ba902b7-01`,
  });
  expect(ended.code, ended.output).toBe(0);
  const sent = JSON.parse(own.at(-1) ?? '{}');
  const spans: { name: string; spanId: string; traceId: string }[] =
    sent.resourceSpans[0].scopeSpans[0].spans;
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([trace]));
  // Terragrunt sends protobuf, in which ids are bytes.
  for (const layer of ['a', 'b']) {
    const span = spans.find(({ name }) => name === layer);
    const below = terragrunts.filter((body) => body.includes(Buffer.from(span?.spanId ?? 'none', 'hex')));
    expect(below.length).toBeGreaterThan(0);
    for (const body of below) expect(body.includes(Buffer.from(trace, 'hex'))).toBe(true);
  }
}, 120_000);

test('a receiver that is not there costs a rebirth nothing but a word', async () => {
  await using world = await smallCastle({ a: { main: made } });
  const ended = await world.run(['rebirth'], { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
  expect(ended.code, ended.output).toBe(0);
  expect(ended.report?.verdict).toBe('reborn');
  expect(ended.output).toMatch(/spans were not taken by 127\.0\.0\.1:1/);
}, 120_000);
