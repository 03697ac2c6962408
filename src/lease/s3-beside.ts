import { z } from 'zod';
import { above, type BesideOptions } from './neighbour.ts';
import type { StatePlace } from './place.ts';
import { s3Store } from './s3.ts';
import type { Form, Store } from './store.ts';

/** What the lease needs of an s3 backend's configuration; the keys are OpenTofu's. */
const settings = z.object({
  bucket: z.string(),
  key: z.string(),
  region: z.string().optional(),
  endpoint: z.string().optional(),
  endpoints: z.object({ s3: z.string().optional() }).optional(),
  use_path_style: z.boolean().optional(),
  force_path_style: z.boolean().optional(),
  access_key: z.string().optional(),
  secret_key: z.string().optional(),
  token: z.string().optional(),
  encrypt: z.boolean().optional(),
  kms_key_id: z.string().optional(),
});

/** Ways to credentials that only the AWS SDK goes; the lease signs with a key that is there. */
const foreign = ['profile', 'assume_role', 'assume_role_with_web_identity', 'role_arn', 'sse_customer_key'];

export function s3Beside<T>(
  { config, layer }: StatePlace,
  name: string,
  form: Form<T>,
  { env, fetch }: BesideOptions,
): Store<T> | string {
  const parsed = settings.safeParse(config);
  if (!parsed.success) return 'its s3 backend is configured in a way that Phoenix does not know';
  const given = parsed.data;
  const way = foreign.find((key) => config[key] !== undefined && config[key] !== null);
  if (way !== undefined) return `its s3 backend uses ${way}, which Phoenix does not do`;
  const region = given.region ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
  const accessKeyId = given.access_key ?? env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = given.secret_key ?? env['AWS_SECRET_ACCESS_KEY'];
  const sessionToken = given.token ?? env['AWS_SESSION_TOKEN'];
  if (region === undefined) return 'its s3 backend names no region, and AWS_REGION is not set for the layers';
  if (!accessKeyId || !secretAccessKey)
    return 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set for the layers';
  const endpoint =
    given.endpoints?.s3 ??
    given.endpoint ??
    env['AWS_ENDPOINT_URL_S3'] ??
    env['AWS_ENDPOINT_URL'] ??
    `https://s3.${region}.amazonaws.com`;
  const base = URL.parse(endpoint.includes('://') ? endpoint : `https://${endpoint}`);
  if (base === null) return 'its s3 endpoint is no address';
  const folder = above(`/${given.key}`, layer);
  const key = `${folder === '/' ? '' : folder}/${name}.json`;
  const pathStyle = given.use_path_style ?? given.force_path_style ?? false;
  if (!pathStyle) base.hostname = `${given.bucket}.${base.hostname}`;
  const path = key.split('/').map(encodeURIComponent).join('/');
  const url = `${base.origin}${base.pathname.replace(/\/$/, '')}${pathStyle ? `/${given.bucket}` : ''}${path}`;
  const options = {
    url,
    region,
    credentials: {
      accessKeyId,
      secretAccessKey,
      // A session's token goes with the session's key; beside a key of the configuration it would be another's.
      ...(sessionToken && given.access_key === undefined ? { sessionToken } : {}),
      ...(given.token === undefined ? {} : { sessionToken: given.token }),
    },
    headers: encryption(given.encrypt, given.kms_key_id),
    fetch,
  };
  return s3Store(options, form);
}

function encryption(encrypt: boolean | undefined, kmsKey: string | undefined): Record<string, string> {
  if (kmsKey !== undefined)
    return {
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': kmsKey,
    };
  return encrypt === true ? { 'x-amz-server-side-encryption': 'AES256' } : {};
}
