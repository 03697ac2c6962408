import { messageOf } from '../errors.ts';
import type { Report } from '../report/schema.ts';
import { type TraceSettings, traceSettings } from './settings.ts';
import { otlpOf } from './spans.ts';
import { traceOf } from './trace.ts';

/** So long a receiver may take to show that it is there, before layers are told of it. */
const probeMs = 1000;
/** And so long to take the spans of a cancelled run: its runner kills it soon. */
const cancelledMs = 1000;

/**
 * Sends the run's spans where the environment says; undefined where it says nothing, or they were taken. No run fails for
 * it: a text says what went wrong. `redact` is passed over what is sent once more, for what the environment adds.
 */
export async function sendTrace(
  report: Report,
  env: NodeJS.ProcessEnv,
  fetch: typeof globalThis.fetch,
  redact: (text: string) => string,
): Promise<string | undefined> {
  const settings = traceSettings(env);
  if (settings === undefined) return undefined;
  if (typeof settings === 'string') return `The run's spans were not sent: ${settings}.`;
  const body = otlpOf(report, traceOf(env, report.run || report.started), settings);
  const most = report.verdict === 'cancelled' ? cancelledMs : settings.timeoutMs;
  const trouble = await post(
    settings,
    redact(JSON.stringify(body)),
    Math.min(most, settings.timeoutMs),
    fetch,
  );
  return trouble === undefined
    ? undefined
    : `The run's spans were not taken by ${new URL(settings.url).host}: ${redact(trouble)}.`;
}

/**
 * What a layer is told, so that Terragrunt's and the engine's spans hang below its own: TRACEPARENT, and the receiver's
 * address where it answers; a dead one would cost each Terragrunt up to half a minute at its end. Headers may hold a
 * secret and are handed on only where the castle file's `env` names them; without them, no address is. Undefined where
 * nothing is traced. Never throws.
 */
export async function layerTracing(
  env: NodeJS.ProcessEnv,
  asked: readonly string[],
  fetch: typeof globalThis.fetch,
): Promise<Readonly<Record<string, string>> | undefined> {
  const settings = traceSettings(env);
  if (settings === undefined || typeof settings === 'string') return undefined;
  const headers = ['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS'];
  if (headers.some((name) => env[name] !== undefined && !asked.includes(name))) return {};
  if ((await post(settings, '{"resourceSpans":[]}', probeMs, fetch)) !== undefined) return {};
  return {
    TG_TELEMETRY_TRACE_EXPORTER: 'otlpHttp',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: settings.url,
    OTEL_EXPORTER_OTLP_TIMEOUT: '2000',
    OTEL_BSP_EXPORT_TIMEOUT: '2000',
  };
}

/** Undefined where it was taken; else why not. A redirect is not followed: headers may hold a secret. */
async function post(
  { url, headers }: TraceSettings,
  body: string,
  withinMs: number,
  fetch: typeof globalThis.fetch,
): Promise<string | undefined> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(withinMs),
    });
    await answer.body?.cancel();
    return answer.ok ? undefined : `it answered ${answer.status}`;
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
    return messageOf(cause);
  }
}
