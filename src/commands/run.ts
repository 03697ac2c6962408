import type { Edge } from '../edge.ts';
import type { Request } from '../request.ts';
import type { CommandResult } from './result.ts';

type Command = (request: Request, edge: Edge) => Promise<CommandResult>;

/** Each is loaded only where it is asked for: what they need between them takes longer to load than most of them to run. */
const commands: Readonly<Record<Request['command'], () => Promise<Command>>> = {
  rebirth: async () => (await import(/* webpackMode: "eager" */ './rebirth.ts')).rebirth,
  rehearse: async () => (await import(/* webpackMode: "eager" */ './rehearse.ts')).rehearse,
  layers: async () => (await import(/* webpackMode: "eager" */ './layers.ts')).layers,
  verify: async () => (await import(/* webpackMode: "eager" */ './verify.ts')).verify,
  report: async () => (await import(/* webpackMode: "eager" */ './report.ts')).report,
  plan: async () => (await import(/* webpackMode: "eager" */ './plan.ts')).plan,
  doctor: async () => (await import(/* webpackMode: "eager" */ './doctor.ts')).doctor,
  unlock: async () => (await import(/* webpackMode: "eager" */ './unlock.ts')).unlock,
  claim: async () => (await import(/* webpackMode: "eager" */ './claim.ts')).claim,
  destroy: async () => (await import(/* webpackMode: "eager" */ './destroy.ts')).destroy,
  drill: async () => (await import(/* webpackMode: "eager" */ './drill.ts')).drill,
};

export async function runCommand(request: Request, edge: Edge): Promise<CommandResult> {
  const command = await commands[request.command]();
  return command(request, edge);
}
