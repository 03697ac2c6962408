import { refuseForeignEvents } from '../rebirth/identity.ts';
import { type Check, ok } from './check.ts';

export const event: Check = {
  id: 'event.foreign',
  why: 'An event that carries the code or input of people who may not push here gets no secrets.',
  async look({ edge }) {
    refuseForeignEvents(edge.env);
    const name = edge.env['GITHUB_EVENT_NAME'];
    return ok(name ? `the event ${name} may rebuild the castle` : 'not started by an event of GitHub');
  },
};
