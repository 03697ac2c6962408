import { join } from 'node:path';
import { dirStore } from './dir.ts';
import { httpBeside } from './http-beside.ts';
import { above, type BesideOptions } from './neighbour.ts';
import type { StatePlace } from './place.ts';
import { leaseForm } from './record.ts';
import { s3Beside } from './s3-beside.ts';
import type { Form, LeaseStore, Store } from './store.ts';

/**
 * The store for a castle's lease beside its states; a text says why there is none, and the caller that only this machine
 * is guarded.
 */
export function leaseStoreFor(state: StatePlace, options: BesideOptions): LeaseStore | string {
  return storeBeside(state, `phoenix-lease-${options.castle}`, leaseForm, options);
}

/** A store for one record, called `name`, beside a castle's states; a text says why there is none. */
export function storeBeside<T>(
  state: StatePlace,
  name: string,
  form: Form<T>,
  options: BesideOptions,
): Store<T> | string {
  switch (state.backend) {
    case 'local': {
      const { path } = state.config;
      return typeof path === 'string'
        ? dirStore(join(above(path, state.layer), name), form)
        : 'its local state has no path';
    }
    case 's3':
      return s3Beside(state, name, form, options);
    case 'http':
      return httpBeside(state, name, form, options);
    default:
      return `Phoenix keeps no lease in a state backend of the kind ${state.backend}`;
  }
}
