import { goSeconds } from '../go-duration.ts';
import { inspect, is, named, textAt, valueAt } from '../inspect.ts';
import type { Rule } from '../model.ts';

const group = 'kustomize.toolkit.fluxcd.io';

/** Longer than this, and one early failure costs a rebirth more than anything else does. */
const longSeconds = 600;

/** A Kustomization whose failed apply is tried again only after a long interval. */
export const retryIntervalMissing: Rule = {
  id: 'retry-interval-missing',
  look: (tree) =>
    inspect(tree, (resource) => {
      if (!is(resource, group, 'Kustomization')) return [];
      const interval = textAt(resource.manifest, ['spec', 'interval']);
      const seconds = interval === undefined ? undefined : goSeconds(interval);
      if (seconds === undefined || seconds < longSeconds) return [];
      if (valueAt(resource.manifest, ['spec', 'retryInterval']) !== undefined) return [];
      return [
        {
          rule: 'retry-interval-missing',
          severity: 'warning',
          at: resource.place(['spec', 'interval']),
          what: `${named(resource)} has an interval of ${interval} and no retryInterval.`,
          why: `Flux tries a failed apply again after the interval: one early failure, such as a webhook that does not answer yet, costs the rebirth ${interval}.`,
          fix: 'Add spec.retryInterval, e.g. 5s for the first Kustomizations and 30s for the rest.',
        },
      ];
    }),
};
