import { layerSettings } from '../castle/layers.ts';
import type { Castle } from '../castle/load.ts';
import { messageOf } from '../errors.ts';
import { enginesOf } from '../layer/engines.ts';
import type { LayerJob } from '../layer/job.ts';
import type { Layer } from '../plan/discover.ts';
import { readKubeconfig } from './kubeconfig.ts';
import type { Prepared } from './protocol.ts';

/** A plan holds nothing that an interrupt could lose, so its engine gets no more time than it takes to end. */
const graceSeconds = 30;

/** Makes a layer's job for planning it; `castle` as its file says, also where the run was given less of it. */
export function planJobs(
  { run, workspace, secrets }: Prepared,
  castle: Castle,
  kubeconfig: Readonly<Record<string, string>>,
): (layer: Layer) => Promise<LayerJob> {
  const engines = enginesOf(run.journal);
  return async ({ name, dir }: Layer): Promise<LayerJob> => ({
    name,
    dir,
    partition: await run.vault.partition(name),
    varFiles: secrets.varFiles(name),
    // What a backend lacks, a rebirth may make; a plan makes nothing.
    env: workspace.environment({
      TG_BACKEND_BOOTSTRAP: 'false',
      ...kubeconfig,
      ...secrets.environment(name),
    }),
    terragrunt: workspace.terragrunt,
    engine: workspace.engine,
    starter: workspace.starter,
    run: { id: run.id, home: run.home, journal: run.journal, engines },
    timeoutSeconds: layerSettings(castle, name).timeoutSeconds,
    stallSeconds: layerSettings(castle, name).stallSeconds,
    graceSeconds,
    handsOver: run.handsOver,
    redact: (text: string) => run.redactor.redact(text),
    redactCut: (text: string) => run.redactor.redactCut(text),
    learn: () => {},
  });
}

/** The cluster's layers are planned by the cluster, where its layer's state gives the way to it. */
export async function kubeconfigOf(
  { run, workspace, plan, secrets }: Prepared,
  castle: Castle,
): Promise<Readonly<Record<string, string>>> {
  const { kubeconfig } = castle;
  if (kubeconfig === undefined) return {};
  const known = { ...run, castle: { ...run.castle, kubeconfig } };
  return readKubeconfig(known, workspace, plan.layers, secrets).then(
    ({ file }): Readonly<Record<string, string>> => ({ KUBECONFIG: file }),
    (thrown: unknown) => {
      run.log.info(`no kubeconfig yet: ${messageOf(thrown)}`);
      return {};
    },
  );
}
