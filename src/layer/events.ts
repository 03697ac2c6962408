import { z } from 'zod';

/**
 * OpenTofu's machine-readable UI (`-json`, ui 1.2), the part that Phoenix acts on, as a closed union. Terraform speaks
 * the same. Kinds not listed (resource_drift, log …) are read as `other`, so a newer engine is no error.
 */
const resource = z.object({ addr: z.string() });
const hook = z.object({ resource, action: z.string().optional(), elapsed_seconds: z.number().optional() });
const base = { '@timestamp': z.string(), '@message': z.string() };

const position = z.object({ line: z.number(), column: z.number() });

const diagnostic = z.object({
  severity: z.enum(['error', 'warning']),
  summary: z.string(),
  detail: z.string().default(''),
  address: z.string().optional(),
  range: z.object({ filename: z.string(), start: position }).optional(),
});

const known = z.discriminatedUnion('type', [
  z.object({ ...base, type: z.literal('version') }),
  z.object({ ...base, type: z.literal('diagnostic'), diagnostic }),
  z.object({
    ...base,
    type: z.literal('change_summary'),
    changes: z.object({
      add: z.number(),
      change: z.number(),
      remove: z.number(),
      import: z.number().default(0),
      operation: z.enum(['plan', 'apply', 'destroy']),
    }),
  }),
  z.object({
    ...base,
    type: z.literal('planned_change'),
    change: z.object({
      resource,
      action: z.string(),
      previous_resource: resource.optional(),
      importing: z.unknown().optional(),
    }),
  }),
  z.object({
    ...base,
    type: z.literal('outputs'),
    outputs: z.record(z.string(), z.object({ action: z.string().optional() })),
  }),
  z.object({ ...base, type: z.literal('refresh_start'), hook }),
  z.object({ ...base, type: z.literal('refresh_complete'), hook }),
  z.object({ ...base, type: z.literal('apply_start'), hook }),
  z.object({ ...base, type: z.literal('apply_progress'), hook }),
  z.object({ ...base, type: z.literal('apply_complete'), hook }),
  z.object({ ...base, type: z.literal('apply_errored'), hook }),
  z.object({ ...base, type: z.literal('provision_progress'), hook: hook.extend({ output: z.string() }) }),
  z.object({ ...base, type: z.literal('provision_errored'), hook }),
]);

export type Diagnostic = z.infer<typeof diagnostic>;
export type EngineEvent = z.infer<typeof known> | { readonly type: 'other'; readonly text: string };

/** One line of the engine's stdout as an event. A line that is no JSON (a crash's stack, a wrapper's word) is `other`. */
export function parseEngineLine(line: string): EngineEvent {
  if (!line.startsWith('{')) return { type: 'other', text: line };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { type: 'other', text: line };
  }
  const event = known.safeParse(value);
  if (event.success) return event.data;
  const message = z.object({ '@message': z.string() }).safeParse(value);
  return { type: 'other', text: message.success ? message.data['@message'] : line };
}

/**
 * The engine's own "Still creating… [40s elapsed]": it comes every 10 s however dead the provider behind it is, so it is
 * no sign of life. What a provisioner prints is one.
 */
export function isHeartbeat(event: EngineEvent): boolean {
  return event.type === 'apply_progress';
}

/** What people want to see of an event while it runs; undefined for the noise between. */
export function shownText(event: EngineEvent): string | undefined {
  switch (event.type) {
    case 'version':
    case 'other':
    case 'planned_change':
    case 'outputs':
    case 'refresh_start':
    case 'refresh_complete':
    case 'apply_progress':
      return undefined;
    case 'diagnostic':
      return event.diagnostic.severity === 'error' ? `error: ${event.diagnostic.summary}` : undefined;
    case 'provision_progress':
      return event.hook.output.startsWith('Executing: ') ? undefined : `  ${event.hook.output}`;
    default:
      return event['@message'];
  }
}
