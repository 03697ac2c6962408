import { z } from 'zod';
import { runChild } from '../child.ts';
import { PhoenixError } from '../errors.ts';
import { type Miss, miss, type Site } from './tool.ts';

/** A `go` that can build: its environment is spelled out, so that no GOFLAGS, GOENV or go.work changes the result. */
export interface GoCommand {
  readonly env: Readonly<Record<string, string>>;
  /** What modules come from, without credentials. */
  readonly proxy: string;
}

const passedOn = [
  'PATH',
  'HOME',
  'TMPDIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NETRC',
  'GOAUTH',
] as const;
const settings = ['GOPROXY', 'GOSUMDB', 'GOMODCACHE', 'GOCACHE', 'GOPATH', 'GOVERSION'] as const;
const queryMs = 30_000;

const settingsSchema = z.object({
  GOPROXY: z.string(),
  GOSUMDB: z.string(),
  GOMODCACHE: z.string(),
  GOCACHE: z.string(),
  GOPATH: z.string(),
  GOVERSION: z.string(),
});

/**
 * Finds `go` on PATH and reads where the user has it keep and fetch modules. Throws PHX-TOOLCHAIN-SUMDB where the
 * checksum database is off: a module would then be whatever the proxy says it is.
 */
export async function findGo(site: Pick<Site, 'env' | 'signal'>): Promise<GoCommand | Miss> {
  const own = Object.fromEntries(
    Object.entries(site.env).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
  const answer = await runChild('go', ['env', '-json', ...settings], {
    env: { ...own, GOFLAGS: '' },
    signal: site.signal,
    timeoutMs: queryMs,
  });
  if (answer.trouble === 'ENOENT') return miss('go', 'there is no `go` on PATH');
  if (answer.code !== 0) return miss('go', `\`go env\` failed: ${answer.trouble ?? answer.stderr.trim()}`);
  const { GOPROXY, GOSUMDB, GOMODCACHE, GOCACHE, GOPATH } = settingsSchema.parse(JSON.parse(answer.stdout));
  if (GOSUMDB === 'off') throw sumDatabaseOff();
  const kept = passedOn.flatMap((name) => {
    const value = site.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    env: {
      ...Object.fromEntries(kept),
      GOPROXY,
      GOSUMDB,
      GOMODCACHE,
      GOCACHE,
      GOPATH,
      GOENV: 'off',
      GOWORK: 'off',
      GOFLAGS: '',
      // A module may need a newer Go than the one installed; go then fetches it as a module, checked the same way.
      GOTOOLCHAIN: 'auto',
      CGO_ENABLED: '0',
    },
    proxy: withoutLogin(GOPROXY),
  };
}

/** A GOPROXY list, or anything go prints, may hold `user:password@`. */
export function withoutLogin(text: string): string {
  return text.replace(/:\/\/[^/@\s]*@/g, '://***@');
}

/** The last lines of what go printed, fit to be shown in one sentence. */
export function lastLines(text: string): string {
  const lines = withoutLogin(text)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('go: downloading'));
  return lines.slice(-4).join(' | ').slice(-600);
}

function sumDatabaseOff(): PhoenixError {
  return new PhoenixError({
    code: 'PHX-TOOLCHAIN-SUMDB',
    class: 'toolchain',
    what: 'Tools are not built from Go modules while the Go checksum database is off.',
    why: 'GOSUMDB=off: nothing would tell a module from a forgery by the proxy.',
    next: 'Unset it (`go env -u GOSUMDB`, or `unset GOSUMDB`), or serve the tools from a mirror (PHOENIX_TOOL_MIRROR).',
  });
}
