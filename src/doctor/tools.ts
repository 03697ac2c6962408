import { type Check, failed, ok, warning } from './check.ts';
import { firstLine } from './first-line.ts';

export const shell: Check = {
  id: 'tools.sh',
  why: 'A small script writes each process of a layer down before it becomes that process.',
  async look({ signal }) {
    const said = await firstLine('/bin/sh', ['-c', 'echo well'], { env: {}, signal });
    if (said === 'well') return ok('/bin/sh runs');
    return failed('/bin/sh does not run', 'Install a POSIX shell there, or take an image that has one.');
  },
};

export const git: Check = {
  id: 'tools.git',
  why: 'Terragrunt and the engine fetch modules by git, and the box serves its GitOps tree with it.',
  async look({ edge, castle, signal }) {
    const said = await firstLine('git', ['--version'], { env: { PATH: edge.env['PATH'] }, signal });
    if (said !== undefined) return ok(said);
    const needed = !(castle instanceof Error) && castle.box !== false;
    // A castle whose modules lie beside its units does without.
    return (needed ? failed : warning)('no git on PATH runs', 'Install git, or add its folder to PATH.');
  },
};
