/** What ends a layer, in the three lines that people look for. */
export class Refusal extends Error {
  constructor(what, why, next) {
    super(`${what}\n  why:  ${why}\n  next: ${next}`);
  }
}

/** Runs `work`; its failure is told in words and ends the process. */
export async function orRefuse(work) {
  try {
    await work();
  } catch (error) {
    console.error(error instanceof Refusal ? error.message : (error.stack ?? error));
    process.exitCode = 1;
  }
}
