import { readFile } from 'node:fs/promises';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { isIP } from 'node:net';
import { getCACertificates, type TLSSocket } from 'node:tls';
import type { HttpProbe } from '../castle/probes.ts';
import { messageOf } from '../errors.ts';
import { judgeCertificate, type Shown } from './certificate.ts';
import type { Look } from './hold.ts';

const answerWithinMs = 10_000;
const mostRedirects = 5;
/** A root is its own issuer. */
const mostIssuers = 8;
const mostBytes = 4 * 1024 * 1024;

/**
 * Asks the address once, over a new connection. A certificate is judged whether or not its chain is trusted, so that the
 * cause is exact; what is behind one that does not pass is not read. `now` (epoch ms) is the clock it is judged by.
 */
export async function lookAtPage(
  probe: HttpProbe,
  signal: AbortSignal,
  now: () => number = Date.now,
): Promise<Look> {
  const bound = AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]);
  let url = new URL(probe.url);
  for (let hops = 0; ; hops += 1) {
    let answer: Answer;
    try {
      answer = await ask(url, probe, bound, now);
    } catch (error) {
      const words = signal.aborted
        ? 'cut off'
        : bound.aborted
          ? `no answer within ${answerWithinMs / 1000} s`
          : messageOf(error);
      return { good: false, seen: `${url.href}: ${words}`, trouble: 'page' };
    }
    if ('wrong' in answer)
      return { good: false, seen: `${url.href}: ${answer.wrong.join('; ')}`, trouble: 'certificate' };
    const { status, location, body } = answer;
    const follows = probe.redirects !== false && probe.status !== status && location !== undefined;
    if (follows && status >= 300 && status < 400 && URL.canParse(location, url.href)) {
      if (hops === mostRedirects)
        return {
          good: false,
          seen: `${probe.url} leads on and on: ${mostRedirects} times, then to ${location}`,
          trouble: 'page',
        };
      url = new URL(location, url);
      if (url.protocol !== 'http:' && url.protocol !== 'https:')
        return { good: false, seen: `${probe.url} leads to ${url.href}`, trouble: 'page' };
      continue;
    }
    return judgePage(probe, url.href, status, location, body);
  }
}

function judgePage(
  probe: HttpProbe,
  href: string,
  status: number,
  location: string | undefined,
  body: string,
): Look {
  const bad = (words: string): Look => ({ good: false, seen: `${href} ${words}`, trouble: 'page' });
  const wanted = probe.status === undefined ? status >= 200 && status < 300 : status === probe.status;
  if (!wanted) {
    const to = location === undefined ? '' : ` (to ${location})`;
    return bad(`answered ${status}${to}${probe.status === undefined ? '' : `, not ${probe.status}`}`);
  }
  if (probe.contains !== undefined && !body.includes(probe.contains))
    return bad('answered without the marker');
  if (probe.notContains !== undefined && body.includes(probe.notContains))
    return bad('answered with what must not be in it');
  return { good: true, seen: `${href} answered ${status}` };
}

type Answer =
  | { readonly status: number; readonly location: string | undefined; readonly body: string }
  | { readonly wrong: readonly string[] };

async function ask(url: URL, probe: HttpProbe, signal: AbortSignal, now: () => number): Promise<Answer> {
  const { certificate: rules, resolve: address } = probe;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // The address that is asked for is of the host that the castle file names, not of one that it leads to.
  const own = new URL(probe.url).hostname === url.hostname;
  const shared = {
    host: own && address !== undefined ? address : host,
    port: url.port === '' ? undefined : Number(url.port),
    path: `${url.pathname}${url.search}`,
    method: 'GET',
    agent: false as const,
    signal,
    headers: { host: url.host, accept: '*/*', 'user-agent': 'phoenix-verify' },
  };
  if (url.protocol === 'http:')
    return new Promise((done, fail) => {
      plainRequest(shared, (response) => void read(response).then(done, fail))
        .once('error', fail)
        .end();
    });
  const ca =
    rules?.caFile === undefined
      ? undefined
      : [...getCACertificates('default'), await readFile(rules.caFile, 'utf8')];
  return new Promise((done, fail) => {
    const sent = secureRequest({
      ...shared,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca }),
      // Judged below, in words; nothing is read of an answer that does not pass.
      rejectUnauthorized: false,
    });
    sent.once('error', fail);
    sent.once('socket', (socket) => {
      socket.once('secureConnect', () => {
        try {
          const wrong = judgeCertificate(shownBy(socket as TLSSocket), host, rules, now());
          if (wrong.length === 0) {
            sent.end();
            return;
          }
          done({ wrong });
        } catch (error) {
          fail(error);
        }
        sent.destroy();
      });
    });
    sent.once('response', (response) => void read(response).then(done, fail));
  });
}

function shownBy(socket: TLSSocket): Shown {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) throw new Error('the server showed no certificate');
  const issuers = [certificate.issuer];
  for (
    let at = certificate.issuerCertificate;
    at !== undefined && issuers.length < mostIssuers;
    at = at.issuerCertificate
  )
    issuers.push(at.issuer);
  const error: unknown = socket.authorizationError;
  const trouble = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : error;
  return {
    certificate,
    issuers,
    trouble: trouble === null || trouble === undefined ? undefined : String(trouble),
  };
}

async function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > mostBytes) break;
  }
  const body = Buffer.concat(chunks).toString('utf8');
  return { status: response.statusCode ?? 0, location: response.headers.location, body };
}
