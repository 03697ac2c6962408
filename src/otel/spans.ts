import type { Report } from '../report/schema.ts';
import type { TraceSettings } from './settings.ts';
import type { Trace } from './trace.ts';

type Value = string | number | boolean;
interface Attribute {
  readonly key: string;
  readonly value: { readonly [type: string]: Value };
}
interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: 1;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code: 0 | 1 | 2; readonly message?: string };
}

/**
 * The report as OTLP's JSON: one span for the run, below it each span of the ledger as the report has it. Made from the
 * report alone, whose every text has been redacted.
 */
export function otlpOf(
  report: Report,
  trace: Trace,
  { service, resource }: Pick<TraceSettings, 'service' | 'resource'>,
) {
  const { started, ended, verdict, error } = report;
  const origin = Date.parse(started);
  const root: OtlpSpan = {
    ...{
      traceId: trace.id,
      spanId: trace.root,
      ...(trace.parent === undefined ? {} : { parentSpanId: trace.parent }),
    },
    ...{ name: `phoenix ${report.command ?? 'rebirth'} ${report.castle}`, kind: 1 as const },
    ...{ startTimeUnixNano: nanos(origin), endTimeUnixNano: nanos(Date.parse(ended)) },
    attributes: attributes({
      'phoenix.run': report.run,
      'phoenix.castle': report.castle,
      'phoenix.mode': report.mode,
      'phoenix.verdict': verdict,
      'phoenix.critical_path': report.criticalPath.join(' → '),
      'phoenix.unattributed_seconds': report.unattributedSeconds,
      ...(report.leg === undefined ? {} : { 'phoenix.leg': report.leg }),
      ...(error === null ? {} : { 'phoenix.error': error.code }),
    }),
    status: error === null ? { code: 1 } : { code: 2, message: error.what },
  };
  const path = new Set(report.criticalPath);
  const layers = new Map(report.layers.map((layer) => [layer.name, layer]));
  const spans = report.spans.map((span): OtlpSpan => {
    const layer = span.kind === 'layer' ? layers.get(span.name) : undefined;
    const failure = report.failures.find(({ name }) => name === span.name);
    const critical = (span.kind === 'layer' || span.kind === 'gate') && path.has(span.name);
    return {
      ...{ traceId: trace.id, spanId: trace.spanId(span.id) },
      parentSpanId: span.parent === null ? trace.root : trace.spanId(span.parent),
      ...{ name: span.name, kind: 1 as const },
      startTimeUnixNano: nanos(origin + span.from * 1000),
      endTimeUnixNano: nanos(origin + span.to * 1000),
      attributes: attributes({
        'phoenix.kind': span.kind,
        'phoenix.span_verdict': span.verdict,
        'phoenix.critical': critical,
        ...(layer === undefined
          ? {}
          : { 'phoenix.layer_verdict': layer.verdict, 'phoenix.retries': layer.retries }),
        ...(failure === undefined ? {} : { 'phoenix.error': failure.code }),
      }),
      status: { code: span.verdict === 'failed' ? 2 : span.verdict === 'ok' ? 1 : 0 },
    };
  });
  const versions = Object.entries(report.versions).map(([tool, version]) => [
    `phoenix.version.${tool}`,
    version,
  ]);
  return {
    resourceSpans: [
      {
        resource: {
          attributes: attributes({ ...Object.fromEntries(versions), ...resource, 'service.name': service }),
        },
        scopeSpans: [{ scope: { name: 'phoenix' }, spans: [root, ...spans] }],
      },
    ],
  };
}

function attributes(values: Readonly<Record<string, Value>>): Attribute[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: { [typeOf(value)]: value } }));
}

function typeOf(value: Value): string {
  if (typeof value === 'boolean') return 'boolValue';
  return typeof value === 'number' ? 'doubleValue' : 'stringValue';
}

/** In whole microseconds of a clock in milliseconds: a double holds no more. */
function nanos(ms: number): string {
  return `${BigInt(Math.round(ms * 1000))}000`;
}
