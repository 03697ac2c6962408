/**
 * The entry of `dist/github.js`: the libraries for GitHub's API and for artifacts. They are as large as a third of the
 * rest, and only some commands of the Action need them, so they are a bundle of their own (see load.ts).
 */
export { DefaultArtifactClient } from '@actions/artifact';
export { getOctokit } from '@actions/github';
