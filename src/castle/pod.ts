import { z } from 'zod';
import { kebabName, words } from './units.ts';

/** A pod by its name, or the first that runs of those with a label. */
export interface PodReference {
  readonly namespace: string;
  readonly name?: string;
  readonly label?: { readonly key: string; readonly value: string };
}

const podForm =
  'a pod as NAMESPACE/NAME, or NAMESPACE/LABEL=VALUE for the one with that label, such as `tazlab-db/tazlab-db-0`';

export const podReference = z
  .string({ error: podForm })
  .regex(/^[a-z0-9][a-z0-9-]{0,62}\/(?:[a-z0-9][a-z0-9.-]{0,252}|[A-Za-z0-9./_-]+=[A-Za-z0-9._-]+)$/, podForm)
  .transform((text): PodReference => {
    const slash = text.indexOf('/');
    const [namespace, rest] = [text.slice(0, slash), text.slice(slash + 1)];
    const [key = '', value] = rest.split('=');
    return value === undefined ? { namespace, name: rest } : { namespace, label: { key, value } };
  });

export const containerName = kebabName;

/** A command that is run in a container: the program and its arguments; no shell reads it. */
export const podCommand = z.array(words).min(1, 'a program and its arguments, as a list');
