import { PhoenixError } from '../errors.ts';
import { openFiles } from '../identity/files.ts';
import { requestIdToken } from '../identity/github.ts';
import { loginToInfisical } from '../identity/infisical.ts';
import type { Session } from '../identity/session.ts';
import { leaveSession } from '../settle/handover.ts';
import type { Run } from './run.ts';

/** Logs in to the castle's source of secrets; undefined where it has none. */
export async function openSession(run: Run, fetch: typeof globalThis.fetch): Promise<Session | undefined> {
  const { source } = run.castle.secrets;
  if (source === undefined) return undefined;
  const onSecret = (value: string) => run.redactor.addUnnamed(`${source.kind} value`, value);
  const warn = (text: string) => run.log.warn(text);
  if (source.kind === 'files') return openFiles({ dir: source.dir, env: run.env, onSecret, warn });
  const { host, identityId, project, environment, path } = source;
  const audience = source.audience ?? host;
  let logins = 0;
  return loginToInfisical({
    host,
    identityId,
    project,
    environment,
    path,
    getJwt: () =>
      requestIdToken({
        requestUrl: run.env['ACTIONS_ID_TOKEN_REQUEST_URL'],
        requestToken: run.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'],
        audience,
        fetch,
        signal: run.signal,
      }),
    onSecret,
    onLogin: async (login) => {
      logins += 1;
      await leaveSession(run.vault, logins, { kind: 'infisical', ...login });
    },
    warn,
    fetch,
    signal: run.signal,
  });
}

/** Refuses, before any token is asked for, events whose code or inputs come from somebody else. */
export function refuseForeignEvents(env: NodeJS.ProcessEnv): void {
  const event = env['GITHUB_EVENT_NAME'] ?? '';
  if (!/^(pull_request|pull_request_target|issue_comment|workflow_run)$/.test(event)) return;
  throw new PhoenixError({
    code: 'PHX-IDENTITY-EVENT',
    class: 'identity',
    what: `A run for the event ${event} gets no secrets and rebuilds nothing.`,
    why: 'Such an event can carry code or input of people who may not push here.',
    next: 'Run on push to a protected branch, workflow_dispatch or schedule; for pull requests use `command: plan`.',
  });
}
