import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { layerTracing, sendTrace } from '../../src/otel/send.ts';
import { traceSettings } from '../../src/otel/settings.ts';
import { traceOf, traceparent } from '../../src/otel/trace.ts';
import { serveLocally } from '../support/local-server.ts';
import { layerFailure, layerResult, sampleReport } from '../support/reports.ts';

interface Taken {
  readonly path: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** A receiver that takes all, or answers `status`; what it got is in `taken`. */
async function receiver(status = 200) {
  const taken: Taken[] = [];
  const server = await serveLocally(async (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(request, 'end');
    taken.push({ path: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  });
  return { taken, url: server.url, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const plain = (text: string) => text;
const incoming = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

function spansIn(body: string) {
  const sent = JSON.parse(body) as {
    resourceSpans: {
      resource: { attributes: { key: string; value: object }[] };
      scopeSpans: { spans: Record<string, unknown>[] }[];
    }[];
  };
  const [first] = sent.resourceSpans;
  return { resource: first?.resource.attributes ?? [], spans: first?.scopeSpans[0]?.spans ?? [] };
}

describe('the spans of a run', () => {
  test('are sent as one tree below the span that started Phoenix, with its times', async () => {
    await using server = await receiver();
    const report = sampleReport();
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `${server.url}/`,
      TRACEPARENT: incoming,
      OTEL_RESOURCE_ATTRIBUTES: 'team=castle%20one',
    };
    expect(await sendTrace(report, env, fetch, plain)).toBeUndefined();
    expect(server.taken.map(({ path, headers }) => [path, headers['content-type']])).toEqual([
      ['/v1/traces', 'application/json'],
    ]);
    const { resource, spans } = spansIn(server.taken[0]?.body ?? '');
    expect(resource).toContainEqual({ key: 'service.name', value: { stringValue: 'phoenix' } });
    expect(resource).toContainEqual({ key: 'team', value: { stringValue: 'castle one' } });
    expect(spans).toHaveLength(report.spans.length + 1);
    const [root, ...others] = spans;
    expect(root).toMatchObject({
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      parentSpanId: '00f067aa0ba902b7',
      name: 'phoenix rebirth tazlab',
      startTimeUnixNano: `${Date.parse(report.started)}000000`,
      endTimeUnixNano: `${Date.parse(report.ended)}000000`,
      status: { code: 1 },
    });
    const byId = new Map(spans.map((span) => [span['spanId'], span]));
    expect(byId.size).toBe(spans.length);
    for (const span of others) expect(byId.has(span['parentSpanId'])).toBe(true);
    const step = others.find(
      ({ name, parentSpanId }) => name === 'apply' && byId.get(parentSpanId)?.['name'] === 'engine',
    );
    expect(step).toMatchObject({
      startTimeUnixNano: `${Date.parse(report.started) + 123_500}000000`,
      endTimeUnixNano: `${Date.parse(report.started) + 200_000}000000`,
    });
  });

  test('say what failed, and nothing that the redactor knows, be it of the environment', async () => {
    await using server = await receiver();
    const redact = (text: string) => text.replaceAll('hunter2', '***');
    const report = sampleReport({
      verdict: 'failed',
      layers: [layerResult('storage', [], 0, 10, 'failed')],
      failures: [{ name: 'storage', error: layerFailure }],
      redact,
    });
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: server.url, OTEL_RESOURCE_ATTRIBUTES: 'note=hunter2' };
    expect(await sendTrace(report, env, fetch, redact)).toBeUndefined();
    const body = server.taken[0]?.body ?? '';
    expect(body).not.toContain('hunter2');
    const { spans } = spansIn(body);
    expect(spans[0]).toMatchObject({ status: { code: 2, message: layerFailure.what } });
    expect(spans.find(({ name }) => name === 'storage')).toMatchObject({
      status: { code: 2 },
      attributes: expect.arrayContaining([
        { key: 'phoenix.error', value: { stringValue: 'PHX-LAYER-FAILED' } },
      ]),
    });
  });

  test('go nowhere without an endpoint', async () => {
    const never = () => Promise.reject(new Error('asked'));
    for (const env of [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_SDK_DISABLED: 'true' }]) {
      expect(await sendTrace(sampleReport(), env, never, plain)).toBeUndefined();
      expect(await layerTracing(env, [], never)).toBeUndefined();
    }
  });

  test('that are not taken are a word and no failure: refused, nobody there, not in time, elsewhere', async () => {
    await using refusing = await receiver(503);
    await using moved = await receiver(307);
    await using silent = await serveLocally(() => {});
    const said = (url: string, more = {}) =>
      sendTrace(sampleReport(), { OTEL_EXPORTER_OTLP_ENDPOINT: url, ...more }, fetch, plain);
    expect(await said(refusing.url)).toMatch(/were not taken by 127\.0\.0\.1:\d+: it answered 503\.$/);
    expect(await said(moved.url)).toMatch(/it answered 307\.$/);
    expect(await said('http://127.0.0.1:1')).toMatch(/were not taken by 127\.0\.0\.1:1: /);
    expect(await said(silent.url, { OTEL_EXPORTER_OTLP_TIMEOUT: '200' })).toMatch(/timeout/);
    expect(await said('ftp://x')).toMatch(/OTEL_EXPORTER_OTLP_ENDPOINT is no URL of http or https/);
    expect(await said(refusing.url, { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toMatch(/over HTTP only/);
  });

  test('never name a password that stands in the address', async () => {
    const env = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://me:hunter2@127.0.0.1:1/in' };
    const said = await sendTrace(sampleReport(), env, fetch, plain);
    expect(said).toMatch(/has a password in it, which belongs into OTEL_EXPORTER_OTLP_HEADERS/);
    expect(said).not.toContain('hunter2');
    expect(await layerTracing(env, [], fetch)).toBeUndefined();
  });
});

describe('where spans go', () => {
  test('is as OpenTelemetry’s variables say: the one for traces as it is, with its own headers', () => {
    expect(
      traceSettings({
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://all:4318',
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces/in',
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc, x-team = one ,broken,=none',
        OTEL_EXPORTER_OTLP_TIMEOUT: '99999999',
        OTEL_SERVICE_NAME: 'castle',
      }),
    ).toEqual({
      url: 'https://traces/in',
      headers: { authorization: 'Bearer abc', 'x-team': 'one' },
      timeoutMs: 10_000,
      service: 'castle',
      resource: {},
    });
  });
});

describe('the trace of a run', () => {
  test('is that of TRACEPARENT; a broken one, or one of zeros, counts as none', () => {
    expect(traceOf({ TRACEPARENT: incoming }, 'run')).toMatchObject({
      id: '4bf92f3577b34da6a3ce929d0e0e4736',
      parent: '00f067aa0ba902b7',
    });
    const zeros = `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`;
    for (const TRACEPARENT of ['', 'none', zeros, incoming.replace('00-', 'ff-')]) {
      const trace = traceOf({ TRACEPARENT }, 'run');
      expect(trace.parent).toBeUndefined();
      expect(trace.id).toMatch(/^[0-9a-f]{32}$/);
    }
  });

  test('is one for all jobs of an attempt of a workflow run, whose spans differ, and elsewhere the run’s own', () => {
    const env = { GITHUB_RUN_ID: '7', GITHUB_REPOSITORY: 'o/r', GITHUB_RUN_ATTEMPT: '1' };
    const [one, two] = [traceOf(env, 'leg-1'), traceOf(env, 'leg-2')];
    expect(one.id).toBe(two.id);
    expect(new Set([one.root, two.root, one.spanId(1), two.spanId(1), one.spanId(2)]).size).toBe(5);
    expect(traceOf({ ...env, GITHUB_RUN_ATTEMPT: '2' }, 'leg-1').id).not.toBe(one.id);
    expect(traceOf({}, 'a').id).not.toBe(traceOf({}, 'b').id);
    expect(traceparent(one, one.spanId(1))).toBe(`00-${one.id}-${one.spanId(1)}-01`);
  });
});

describe('what a layer is told of the trace', () => {
  test('is where the receiver is, once it has shown that it is there', async () => {
    await using server = await receiver();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: server.url };
    expect(await layerTracing(env, [], fetch)).toMatchObject({
      TG_TELEMETRY_TRACE_EXPORTER: 'otlpHttp',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${server.url}/v1/traces`,
    });
    expect(await layerTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }, [], fetch)).toEqual({});
  });

  test('is no address where that needs headers that the castle file does not hand on: they may hold a secret', async () => {
    await using server = await receiver();
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=hunter2',
    };
    expect(await layerTracing(env, [], fetch)).toEqual({});
    const asked = await layerTracing(env, ['OTEL_EXPORTER_OTLP_HEADERS'], fetch);
    expect(asked).toHaveProperty('TG_TELEMETRY_TRACE_EXPORTER');
    expect(JSON.stringify(asked)).not.toContain('hunter2');
  });
});
