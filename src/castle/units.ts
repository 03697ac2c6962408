import semver from 'semver';
import { z } from 'zod';

/**
 * The scalars of the castle file. The message of each is the end of the sentence "expected …", for problems.ts puts
 * the words together; the pattern stands beside it so that the published JSON Schema checks the same.
 */
const durationForms = 'a duration from 1s to 24h, such as `8m43s`, `90s`, `1h` or `8:43` (minutes:seconds)';
const longestSeconds = 24 * 3600;

/** `8m43s`, `90s`, `1h`, `8:43`, `1:02:03` → seconds. */
export const duration = z
  .string({ error: durationForms })
  .regex(/^(?:(?=\d)(?:\d{1,5}h)?(?:\d{1,5}m)?(?:\d{1,5}s)?|\d{1,5}:[0-5]\d(?::[0-5]\d)?)$/, durationForms)
  .transform(secondsIn)
  .refine((seconds) => seconds > 0 && seconds <= longestSeconds, durationForms);

function secondsIn(text: string): number {
  if (text.includes(':')) return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  const unit = (letter: string) => Number(new RegExp(`(\\d+)${letter}`).exec(text)?.[1] ?? 0);
  return unit('h') * 3600 + unit('m') * 60 + unit('s');
}

const sizeForm = 'a size from 16MiB to 64GiB, such as `256MiB` or `1GiB`';

/** `256MiB`, `1GiB` → bytes. */
export const size = z
  .string({ error: sizeForm })
  .regex(/^\d{1,6}[MG]iB$/, sizeForm)
  .transform((text) => Number.parseInt(text, 10) * (text.endsWith('GiB') ? 1024 ** 3 : 1024 ** 2))
  .refine((bytes) => bytes >= 16 * 1024 ** 2 && bytes <= 64 * 1024 ** 3, sizeForm);

const percentForm = 'a percentage from 0% to 100%, such as `2%`';

/** `2%` → 0.02. */
export const percentage = z
  .string({ error: percentForm })
  .regex(/^\d{1,3}(?:\.\d{1,6})?%$/, percentForm)
  .transform((text) => Number(text.slice(0, -1)) / 100)
  .refine((share) => share <= 1, percentForm);

function text(pattern: RegExp, expected: string) {
  return z.string({ error: expected }).regex(pattern, expected);
}

/** A name as Kubernetes takes them for objects, and as the castle and its milestones are called. */
export const kebabName = text(
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
  'a name of at most 63 lower-case letters, digits and `-`, beginning and ending with a letter or digit',
);

/** A unit's path relative to the live folder: what Terragrunt calls it. No `..`, nothing that could be an option. */
export const layerNamePattern =
  /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9._][A-Za-z0-9._-]*(?:\/[A-Za-z0-9._][A-Za-z0-9._-]*)*$/;
export const layerName = text(
  layerNamePattern,
  "a layer: the unit's folder relative to the live folder, such as `platform`",
);

/** `PLURAL.GROUP`, as a CustomResourceDefinition is called. */
export const crdName = text(
  /^(?:\*|[a-z][a-z0-9-]*)(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?){2,}$/,
  'the name of a CRD, such as `volumes.longhorn.io`, or `*.longhorn.io` for all of that group',
);

export const configMapName = text(
  /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/,
  'a ConfigMap as NAMESPACE/NAME, such as `flux-system/cluster-vars`',
);

export const secretName = text(
  /^[A-Z][A-Z0-9_]*$/,
  "a secret's name in capitals, such as `PROXMOX_TOKEN_SECRET`",
);

export const variableName = text(
  /^[A-Za-z_][A-Za-z0-9_-]*$/,
  'a variable name of letters, digits, `_` and `-`',
);

export const environmentName = text(
  /^[A-Za-z_][A-Za-z0-9_]*$/,
  'the name of an environment variable, such as `TF_VAR_region`',
);

const refForm = 'a full ref such as `refs/heads/main`, or the beginning of one and a closing `*`';

/** A ref as GITHUB_REF says it, exactly or up to a closing `*`; what git forbids in a name cannot be one. */
export const refPattern = text(/^refs\/(?:heads|tags)\/(?:[^\s\p{Cc}~^:?*[\\]+\*?|\*)$/u, refForm);

const printable = /^[^\p{Cc}]+$/u;

/** A path on one line; where it may lead is checked against the disk by whoever uses it. */
export const path = text(printable, 'a path');
export const words = text(printable, 'text on one line');

export const exactVersion = z
  .string({ error: 'an exact version such as `1.12.6` (quote it where YAML would read a number)' })
  .regex(/^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/, 'an exact version such as `1.12.6`');

export const versionRange = z
  .string({ error: 'a range of versions such as `^1.12.0`' })
  .refine((range) => semver.validRange(range) !== null, 'a range of versions such as `^1.12.0`');

const secureUrl =
  'an https:// address without user or password in it (http:// only for loopback and names ending in `.invalid`)';

/** An address that secrets are sent to, without its closing slash. */
export const secureAddress = z
  .string({ error: secureUrl })
  .regex(/^https?:\/\/[^\s@]+$/, secureUrl)
  .refine(isSecure, secureUrl)
  .transform((url) => url.replace(/\/+$/, ''));

function isSecure(address: string): boolean {
  const url = URL.parse(address);
  if (url === null) return false;
  return url.protocol === 'https:' || /^(?:localhost|127\..*|\[::1\]|.*\.invalid)$/.test(url.hostname);
}

/** An address that is only looked at. */
export const probeAddress = text(/^https?:\/\/[^\s@]+$/, 'an http:// or https:// address').refine(
  (address) => URL.canParse(address),
  'an http:// or https:// address',
);

const atForm = 'HOST:PORT, such as `192.168.1.210:5432`';

/** `HOST:PORT`, an IPv6 address in brackets. */
export const hostAndPort = z
  .string({ error: atForm })
  .regex(/^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/, atForm)
  .transform((text) => {
    const colon = text.lastIndexOf(':');
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
  })
  .refine(({ port }) => port >= 1 && port <= 65_535, atForm);
