import { goSeconds } from '../go-duration.ts';
import { inspect, is, named, textAt, valueAt } from '../inspect.ts';
import type { Rule } from '../model.ts';

const group = 'kustomize.toolkit.fluxcd.io';
const longSeconds = 600;

/** A Kustomization that waits for its objects with no timeout of its own. */
export const timeoutMissing: Rule = {
  id: 'timeout-missing',
  look: (tree) =>
    inspect(tree, (resource) => {
      if (!is(resource, group, 'Kustomization')) return [];
      const { manifest } = resource;
      const checks = valueAt(manifest, ['spec', 'healthChecks']);
      const waits =
        valueAt(manifest, ['spec', 'wait']) === true || (Array.isArray(checks) && checks.length > 0);
      const interval = textAt(manifest, ['spec', 'interval']);
      const seconds = interval === undefined ? undefined : goSeconds(interval);
      if (!waits || seconds === undefined || seconds <= longSeconds) return [];
      if (valueAt(manifest, ['spec', 'timeout']) !== undefined) return [];
      return [
        {
          rule: 'timeout-missing',
          severity: 'warning',
          at: resource.place(['spec', 'wait']),
          what: `${named(resource)} waits for its objects and has no timeout.`,
          why: `The timeout is then the interval: what never becomes ready holds all that depends on it back for ${interval}, before anything is said.`,
          fix: 'Add spec.timeout, e.g. 5m.',
        },
      ];
    }),
};
