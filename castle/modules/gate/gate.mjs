// gate.mjs WITHIN CONDITION…: waits until each CONDITION (see conditions.mjs) holds, in order, then applies the
// objects of GATE_OBJECTS as GATE_MANAGER once their webhooks admit them. One deadline for all of it.
import { setTimeout as sleep } from 'node:timers/promises';
import { orRefuse, Refusal } from '../manifest/refusal.mjs';
import { applyOnceAdmitted } from './admission.mjs';
import { isKnown, look, podTroubles } from './conditions.mjs';

const pollMs = 300;
/** So that a watch for a stalled layer sees that this one still looks. */
const repeatMs = 15_000;
/** A cancelled layer kills its shell alone; nobody would read what this one still says. */
const startedBy = process.ppid;
const [within = '', ...conditions] = process.argv.slice(2);
const { GATE_OBJECTS: objects = '', GATE_MANAGER: manager = 'phoenix' } = process.env;

function millisecondsOf(text) {
  const [, number, unit] = /^(\d+)(s|m)$/.exec(text) ?? [];
  if (number === undefined)
    throw new Refusal(`"${text}" is no time.`, 'a gate needs one deadline', 'Write it as 90s or 3m.');
  return Number(number) * (unit === 'm' ? 60_000 : 1_000);
}

/** Polls `attempt` until it is ok; `what` is what is waited for. */
async function until(deadline, what, attempt, troubles = async () => []) {
  const started = Date.now();
  let [told, toldAt, seen] = ['', 0, 'no answer'];
  while (Date.now() < deadline) {
    if (process.ppid !== startedBy) process.exit(1);
    try {
      const found = await attempt(deadline - Date.now());
      if (found.ok) return console.log(`${what}: after ${((Date.now() - started) / 1000).toFixed(1)} s`);
      seen = found.seen || seen;
    } catch (error) {
      if (error instanceof Refusal) throw error;
      seen = error.message || seen;
    }
    if (seen !== told || Date.now() - toldAt > repeatMs) {
      console.log(`${what}: not yet, ${seen}`);
      [told, toldAt] = [seen, Date.now()];
    }
    await sleep(Math.max(0, Math.min(pollMs, deadline - Date.now())));
  }
  const more = (await troubles()).map((line) => `\n        ${line}`).join('');
  throw new Refusal(
    `${what}: not within ${within}.`,
    `last seen: ${seen}${more}`,
    'Look at what was last seen; applying this layer again waits anew.',
  );
}

await orRefuse(async () => {
  const deadline = Date.now() + millisecondsOf(within);
  const unknown = conditions.find((condition) => !isKnown(condition));
  if (unknown !== undefined)
    throw new Refusal(`No gate knows "${unknown}".`, 'see conditions.mjs', 'Mend the module.');
  for (const condition of conditions)
    await until(
      deadline,
      condition,
      (left) => look(condition, left),
      () => podTroubles(condition),
    );
  if (objects !== '')
    await until(deadline, 'the webhook answers', (left) => applyOnceAdmitted(objects, manager, left));
});
