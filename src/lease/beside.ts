import { join } from 'node:path';
import { dirStore } from './dir.ts';
import { httpBeside } from './http-beside.ts';
import { above, type BesideOptions } from './neighbour.ts';
import type { StatePlace } from './place.ts';
import { s3Beside } from './s3-beside.ts';
import type { LeaseStore } from './store.ts';

/**
 * The store for a castle's lease beside its states; a text says why there is none, and the caller that only this machine
 * is guarded.
 */
export function leaseStoreFor(state: StatePlace, options: BesideOptions): LeaseStore | string {
  const name = `phoenix-lease-${options.castle}`;
  switch (state.backend) {
    case 'local': {
      const { path } = state.config;
      return typeof path === 'string'
        ? dirStore(join(above(path, state.layer), name))
        : 'its local state has no path';
    }
    case 's3':
      return s3Beside(state, name, options);
    case 'http':
      return httpBeside(state, name, options);
    default:
      return `Phoenix keeps no lease in a state backend of the kind ${state.backend}`;
  }
}
