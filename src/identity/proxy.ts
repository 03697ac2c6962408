import { BlockList, isIP } from 'node:net';

/** The proxy for an address, from `https_proxy` and `no_proxy` in either case, as curl and Go read them. */
export function proxyFor(target: URL, env: NodeJS.ProcessEnv): URL | undefined {
  if (target.protocol !== 'https:' || isLoopback(target.hostname)) return undefined;
  const text = env['https_proxy'] || env['HTTPS_PROXY'];
  if (!text || isExcepted(target, env['no_proxy'] || env['NO_PROXY'] || '')) return undefined;
  const proxy = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (proxy === null || !/^https?:$/.test(proxy.protocol) || proxy.hostname === '') {
    throw new ProxyFault('HTTPS_PROXY', 'is not an http:// or https:// address');
  }
  return proxy;
}

/** What is on this machine is never reached by way of another. */
export function isLoopback(hostname: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i.test(hostname);
}

/** A failure on the proxy's side of the way. Its words come from here and from closed lists, never from the proxy. */
export class ProxyFault extends Error {
  /** Host and port, without what may be credentials. */
  readonly proxy: string;
  readonly how: string;

  constructor(proxy: string, how: string) {
    super(`${proxy} ${how}`);
    this.proxy = proxy;
    this.how = how;
  }
}

/** What went wrong at the proxy and the next move, for whoever wanted to reach `host` through it. */
export function proxyTrouble(
  { proxy, code }: { readonly proxy: string; readonly code: string },
  host: string,
): { readonly why: string; readonly next: string } {
  const except = `or add ${host} to NO_PROXY where no proxy is needed`;
  if (code === '407') {
    return {
      why: `The proxy ${proxy} asks for a user and a password (407), or does not take those that it was given.`,
      next: `Give them to the runner in HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT), ${except}.`,
    };
  }
  if (/^4\d\d$/.test(code)) {
    return {
      why: `The proxy ${proxy} refused to let the runner through to ${host} (${code}).`,
      next: `Let ${host}:443 be allowed on the proxy, ${except}.`,
    };
  }
  if (/^\d+$/.test(code)) {
    return {
      why: `The proxy ${proxy} could not reach ${host} for the runner (${code}), also on repeated tries.`,
      next: `Look from the proxy whether it reaches ${host}, ${except}.`,
    };
  }
  return {
    why: `The proxy ${proxy} could not be used (${code}), also on repeated tries.`,
    next: `Check HTTPS_PROXY on the runner and that the proxy runs, ${except}.`,
  };
}

/** `*`; names, which stand for what is below them too; `.name`, `*.name`; addresses and networks; each with a port or not. */
function isExcepted(target: URL, list: string): boolean {
  const host = target.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = target.port || '443';
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const [, name = '', only] = /^(\[[^\]]+\]|[^:]*|[^[\]]*)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
      if (only !== undefined && only !== port) return false;
      const bare = name.replace(/^\[|\]$/g, '').replace(/^\*?\./, '');
      if (bare.includes('/')) return isInNetwork(host, bare);
      return bare !== '' && (host === bare || (isIP(host) === 0 && host.endsWith(`.${bare}`)));
    });
}

function isInNetwork(host: string, network: string): boolean {
  const [address = '', prefix] = network.split('/');
  const family = isIP(address);
  const bits = Number(prefix);
  if (family === 0 || isIP(host) !== family || !Number.isInteger(bits) || bits < 0) return false;
  if (bits > (family === 4 ? 32 : 128)) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const networks = new BlockList();
  networks.addSubnet(address, bits, type);
  return networks.check(host, type);
}
