import type { Edge } from '../edge.ts';
import type { Request } from '../request.ts';
import { claim } from './claim.ts';
import { destroy } from './destroy.ts';
import { doctor } from './doctor.ts';
import { drill } from './drill.ts';
import { layers } from './layers.ts';
import { plan } from './plan.ts';
import { rebirth } from './rebirth.ts';
import { rehearse } from './rehearse.ts';
import { report } from './report.ts';
import type { CommandResult } from './result.ts';
import { unlock } from './unlock.ts';
import { verify } from './verify.ts';

const commands = {
  rebirth,
  rehearse,
  layers,
  verify,
  report,
  plan,
  doctor,
  unlock,
  claim,
  destroy,
  drill,
} as const satisfies Record<Request['command'], (request: Request, edge: Edge) => Promise<CommandResult>>;

export function runCommand(request: Request, edge: Edge): Promise<CommandResult> {
  return commands[request.command](request, edge);
}
