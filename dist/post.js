/**
 * The Action's post step. It has an entry of its own, since main may be killed before it can leave word that what comes
 * next is the clean-up: a post step that took itself for main would rebuild the castle of a cancelled job.
 */
process.env['STATE_phase'] = 'post';
await import("./index.js");
export {};
