import { blastRadius } from './blast-radius.ts';
import { castleFile, castleLive, castleSupport } from './castle.ts';
import type { Check } from './check.ts';
import { clock } from './clock.ts';
import { cores } from './cores.ts';
import { event } from './event.ts';
import { gitopsTree } from './gitops.ts';
import { pidOne, reaper } from './init.ts';
import { addresses } from './iron/addresses.ts';
import { agent } from './iron/agent.ts';
import { certificates } from './iron/certificates.ts';
import { machines } from './iron/machines.ts';
import { registries } from './iron/registries.ts';
import { storages } from './iron/storages.ts';
import { talosVar } from './iron/talos.ts';
import { lease } from './lease.ts';
import { engines, runs, states, vaults } from './leftovers.ts';
import { nodeChecks } from './node/checks.ts';
import { oom } from './oom.ts';
import { ptrace } from './ptrace.ts';
import { statePlaintext } from './state.ts';
import { sudo } from './sudo.ts';
import { git, shell } from './tools.ts';
import { tree } from './tree.ts';
import { ram, swap } from './vault.ts';

/** Every check, in the order in which they are shown. A new one is a file of its own and a place here. */
export const checks: readonly Check[] = [
  event,
  castleFile,
  castleLive,
  castleSupport,
  tree,
  gitopsTree,
  statePlaintext,
  shell,
  git,
  pidOne,
  reaper,
  oom,
  ram,
  swap,
  cores,
  ptrace,
  sudo,
  blastRadius,
  clock,
  storages,
  machines,
  addresses,
  agent,
  talosVar,
  certificates,
  registries,
  ...nodeChecks,
  lease,
  runs,
  engines,
  vaults,
  states,
];
