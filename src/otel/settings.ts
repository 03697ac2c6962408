/** Where the spans of a run go, by OpenTelemetry's own variables. */
export interface TraceSettings {
  /** Where `resourceSpans` are posted. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly service: string;
  readonly resource: Readonly<Record<string, string>>;
}

/** However long a receiver may take by its variable: a run does not wait longer for it. */
const longestMs = 10_000;

/**
 * Reads `OTEL_EXPORTER_OTLP_(TRACES_)ENDPOINT`, `_HEADERS`, `_TIMEOUT` (ms), `OTEL_SERVICE_NAME` and
 * `OTEL_RESOURCE_ATTRIBUTES`. Undefined where there is no endpoint, or tracing is turned off; a text says why an endpoint
 * cannot be used.
 */
export function traceSettings(env: NodeJS.ProcessEnv): TraceSettings | string | undefined {
  const own = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? '';
  const base = env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '';
  if (own === '' && base === '') return undefined;
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none')
    return undefined;
  const protocol = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] ?? env['OTEL_EXPORTER_OTLP_PROTOCOL'] ?? '';
  if (protocol === 'grpc')
    return 'OTEL_EXPORTER_OTLP_PROTOCOL says grpc, and Phoenix speaks OTLP over HTTP only';
  const url = URL.parse(own === '' ? `${base.replace(/\/+$/, '')}/v1/traces` : own);
  const name = own === '' ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
  if (url === null || !/^https?:$/.test(url.protocol)) return `${name} is no URL of http or https`;
  // The address is handed on to layers and named in messages; neither may carry a password.
  if (url.username + url.password !== '')
    return `${name} has a password in it, which belongs into OTEL_EXPORTER_OTLP_HEADERS`;
  const timeout = Number(
    env['OTEL_EXPORTER_OTLP_TRACES_TIMEOUT'] ?? env['OTEL_EXPORTER_OTLP_TIMEOUT'] ?? longestMs,
  );
  return {
    url: url.href,
    headers: pairsIn(env['OTEL_EXPORTER_OTLP_TRACES_HEADERS'] ?? env['OTEL_EXPORTER_OTLP_HEADERS'] ?? ''),
    timeoutMs: timeout > 0 ? Math.min(timeout, longestMs) : longestMs,
    service: env['OTEL_SERVICE_NAME'] || 'phoenix',
    resource: pairsIn(env['OTEL_RESOURCE_ATTRIBUTES'] ?? ''),
  };
}

/** `a=b,c=d%20e`, as headers and attributes are written; what is no pair is passed over. */
function pairsIn(text: string): Record<string, string> {
  const pairs = text.split(',').flatMap((part) => {
    const at = part.indexOf('=');
    const name = part.slice(0, at).trim();
    return at < 1 || name === '' ? [] : [[name, decoded(part.slice(at + 1).trim())] as const];
  });
  return Object.fromEntries(pairs);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
