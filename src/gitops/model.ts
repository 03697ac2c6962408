/** Where something stands: `file` relative to the tree's root, `line` and `column` from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type Key = string | number;

/** One object of Kubernetes as the tree has it, after the namespace of its kustomization and its patches. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** '' for what has none, as far as the tree says. */
  readonly namespace: string;
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly at: Place;
  /** Where the value at `path` is written; the nearest that is written, where a patch or a default made it. */
  place(path: readonly Key[]): Place;
}

/** A Kustomization of Flux and all that it applies. */
export interface FluxNode {
  readonly name: string;
  readonly namespace: string;
  /** As written, e.g. `./apps/static`. */
  readonly path: string;
  /** `NAMESPACE/NAME` of the Kustomizations that it waits for. */
  readonly dependsOn: readonly string[];
  readonly wait: boolean;
  readonly suspended: boolean;
  /** Variables that `postBuild` gives: written, and by the names of the ConfigMaps and Secrets that hold more. */
  readonly substitute: ReadonlyMap<string, string>;
  readonly substituteFrom: readonly {
    readonly kind: string;
    readonly name: string;
    readonly optional: boolean;
  }[];
  /** Whether Flux substitutes here at all. */
  readonly substitutes: boolean;
  /** The Kustomization itself. */
  readonly resource: Resource;
  /** What it applies; empty where its path cannot be built, or lies in another source than this tree. */
  readonly resources: readonly Resource[];
  /** Whether `resources` is all that it applies: nothing of it is broken, or comes from elsewhere. */
  readonly whole: boolean;
  /** Why nothing below it was looked at, e.g. `it comes from GitRepository/flux-system/other`; left out where it was. */
  readonly unread?: string;
}

/** A GitOps tree as Flux would come to see it, from its entry. */
export interface Tree {
  /** Absolute. */
  readonly root: string;
  /** The folder where Flux begins, relative to the root. */
  readonly entry: string;
  /** The entry's own node first (it stands for the root Kustomization), then every one that is reached from it. */
  readonly nodes: readonly FluxNode[];
  /** What could not be read or built, and so is in no node. */
  readonly broken: readonly GitopsFinding[];
  /** How many Kustomizations are in no node, because the tree has more than are followed. */
  readonly beyond?: number;
  /** Names of the Kustomizations that the castle's first milestone waits for. */
  readonly fastTrack?: readonly string[];
  /** Every Kustomization that a milestone names, and where the castle file does. */
  readonly milestones?: readonly { readonly milestone: string; readonly name: string; readonly at: Place }[];
  /** What the castle's layers make before Flux begins: names of namespaces, CRDs (`PLURAL.GROUP`, or
   * `*.GROUP`), and by `NAMESPACE/NAME` the keys of ConfigMaps. */
  readonly given: {
    readonly namespaces: ReadonlySet<string>;
    readonly crds: ReadonlySet<string>;
    readonly configMaps: ReadonlyMap<string, ReadonlySet<string>>;
    /** Address pools of the load balancer, with their addresses; none where those are not known. */
    readonly pools?: ReadonlyMap<string, readonly string[]>;
    /** How many nodes there are; left out where that is not known. */
    readonly nodes?: number;
  };
  /** Versions of what the cluster runs, by the names of the castle file's `toolchain`; judged as unknown where left out. */
  readonly pins?: ReadonlyMap<string, string>;
}

export interface GitopsFinding {
  /** Id of the rule, e.g. `path-not-a-folder`. */
  readonly rule: string;
  /** `error`: the castle would not come up, or would leak; `warning`: it may. */
  readonly severity: 'error' | 'warning';
  readonly at: Place;
  /** One sentence with a full stop: what is there. */
  readonly what: string;
  /** Why it matters, with the failure that it leads to. */
  readonly why: string;
  /** The change that mends it. */
  readonly fix: string;
}

export interface Rule {
  readonly id: string;
  look(tree: Tree): readonly GitopsFinding[];
}
