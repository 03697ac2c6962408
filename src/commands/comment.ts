import type { Edge } from '../edge.ts';
import { explain, toPhoenixError } from '../errors.ts';
import { jobToken, openGitHub } from '../github/api.ts';
import { keepComments } from '../github/sticky.ts';
import { ownPullRequest } from '../identity/pull-request.ts';
import { markerOf, type PlanComment, renderPlanComments } from '../report/plan-comment.ts';

/**
 * Writes the plan on the pull request of this job. The plan's own result stands whatever comes of it: what went wrong is
 * returned, in words.
 */
export async function commentPlan(plan: PlanComment, edge: Edge): Promise<string[]> {
  const { env, log, redactor } = edge;
  try {
    const number = (await ownPullRequest(env))?.number;
    if (number === undefined) {
      log.info('comment: this job is for no pull request, so there is none to write on');
      return [];
    }
    const bodies = renderPlanComments(plan);
    const github = await openGitHub(edge, jobToken(env));
    await keepComments(
      github,
      number,
      markerOf(plan.castle),
      bodies.map((body) => redactor.redact(body)),
    );
    log.info(`comment: the plan stands on pull request ${number}`);
    return [];
  } catch (thrown) {
    const text = `The plan could not be written on the pull request. ${explain(toPhoenixError(thrown))}`;
    log.warn(text);
    return [text];
  }
}
