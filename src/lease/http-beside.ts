import { z } from 'zod';
import { httpStore } from './http.ts';
import type { BesideOptions } from './neighbour.ts';
import type { StatePlace } from './place.ts';
import type { Form, Store } from './store.ts';

const text = z.string().optional();

/** What the lease needs of an http backend's configuration; the keys are OpenTofu's. */
const settings = z.object({
  address: text,
  update_method: text,
  lock_address: text,
  lock_method: text,
  unlock_address: text,
  unlock_method: text,
  username: text,
  password: text,
  headers: z.record(z.string(), z.string()).optional(),
});

/** TLS that fetch cannot be told about here. */
const foreign = [
  'skip_cert_verification',
  'client_ca_certificate_pem',
  'client_certificate_pem',
  'client_private_key_pem',
];

export function httpBeside<T>(
  { config, layer }: StatePlace,
  name: string,
  form: Form<T>,
  { env, fetch }: BesideOptions,
): Store<T> | string {
  const parsed = settings.safeParse(config);
  if (!parsed.success) return 'its http backend is configured in a way that Phoenix does not know';
  const way = foreign.find((key) => Boolean(config[key]));
  if (way !== undefined) return `its http backend uses ${way}, which Phoenix does not do`;
  const given = parsed.data;
  const setting = (key: Exclude<keyof typeof given, 'headers'>) =>
    given[key] ?? env[`TF_HTTP_${key.toUpperCase()}`];
  const address = setting('address');
  const lockAddress = setting('lock_address');
  // As OpenTofu has it: without an address to unlock at, the one to lock at takes both.
  const unlockAddress = setting('unlock_address') ?? lockAddress;
  if (address === undefined) return 'its http backend has no address';
  if (lockAddress === undefined || unlockAddress === undefined)
    return 'its http backend has no lock_address, and without a lock two runs cannot be told apart';
  if (/\/\/[^/]*@/.test(address)) return 'the address of its http backend holds a user name';
  const word = nameIn(address, layer);
  const neighbour = (url: string) => (word === undefined ? undefined : renamed(url, word, name));
  const [own, lock, unlock] = [neighbour(address), neighbour(lockAddress), neighbour(unlockAddress)];
  if (own === undefined || lock === undefined || unlock === undefined)
    return `the addresses of its http backend do not all hold the name of the layer ${layer}`;
  const [user, password] = [setting('username'), setting('password')];
  const basic =
    user === undefined
      ? {}
      : { authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}` };
  const options = {
    address: own,
    updateMethod: setting('update_method') ?? 'POST',
    lockAddress: lock,
    lockMethod: setting('lock_method') ?? 'LOCK',
    unlockAddress: unlock,
    unlockMethod: setting('unlock_method') ?? 'UNLOCK',
    headers: { ...basic, ...given.headers },
    fetch,
  };
  return httpStore(options, form);
}

/** How the layer is called in its state's address: a whole word of the path or the query, `/` perhaps written otherwise. */
function nameIn(address: string, layer: string): string | undefined {
  const forms = [layer, layer.replaceAll('/', '-'), layer.replaceAll('/', '_'), encodeURIComponent(layer)];
  return forms.find((form) => renamed(address, form, '') !== undefined);
}

/** The address with the last whole `word` after its host replaced; undefined where it has none. */
function renamed(address: string, word: string, by: string): string | undefined {
  const url = URL.parse(address);
  if (url === null) return undefined;
  const rest = address.slice(address.indexOf(url.host) + url.host.length);
  const escaped = word.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
  const matches = [...rest.matchAll(new RegExp(`(?<=[/=])${escaped}(?=$|[/?&#]|\\.\\w+$)`, 'g'))];
  const last = matches.at(-1);
  if (last === undefined) return undefined;
  const head = address.slice(0, address.length - rest.length);
  return head + rest.slice(0, last.index) + by + rest.slice(last.index + word.length);
}
