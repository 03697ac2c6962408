import { refuseForeignJobs } from '../identity/policy.ts';
import { type Check, ok } from './check.ts';

export const event: Check = {
  id: 'event.foreign',
  why: 'A job that may carry the code or input of people who may not push here gets no secrets.',
  async look({ edge, castle }) {
    return ok(await refuseForeignJobs(edge.env, castle instanceof Error ? undefined : castle));
  },
};
