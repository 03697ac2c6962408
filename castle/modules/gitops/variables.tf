variable "cluster_id" {
  description = "Identity of the cluster: another one is applied to from the start."
  type        = string
}

variable "repository" {
  description = "URL of the GitOps repository. The Secret flux-system, claimed by the cluster, opens it."
  type        = string
}

variable "branch" {
  description = "Branch that Flux follows."
  type        = string
  default     = "main"
}

variable "entry" {
  description = "Folder of the repository where Flux begins, e.g. ./clusters/box."
  type        = string
}

variable "crds" {
  description = "Where the CRDs of the pinned controllers are: files of this machine, or URLs with the sha256 of what they give."
  type        = list(object({ source = string, sha256 = optional(string) }))

  validation {
    condition     = alltrue([for crds in var.crds : !can(regex("^https?://", crds.source)) || can(regex("^[0-9a-f]{64}$", crds.sha256))])
    error_message = "A URL among `crds` has no sha256: what it gives today it need not give tomorrow."
  }
}

variable "cluster_vars" {
  description = "What the tree substitutes, by `postBuild.substituteFrom: [{kind: ConfigMap, name: cluster-vars}]`. No secret: it stands in the state, the plan and a ConfigMap."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.cluster_vars) : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", name))])
    error_message = "Flux substitutes names of letters, digits and _ alone: rename what is otherwise in `cluster_vars`."
  }
  validation {
    condition     = !anytrue([for name in keys(var.cluster_vars) : can(regex("(?i)(^|_)(password|passwd|passphrase|token|secret|key|credentials?)$", name))])
    error_message = "`cluster_vars` holds a name of a secret. It would be plain in the state and in a ConfigMap: bring it by an ExternalSecret."
  }
}

variable "pull_secret" {
  description = "Name of a Secret (kubernetes.io/dockerconfigjson) in flux-system that the controllers' images are pulled with; an ExternalSecret may bring it. Its name alone: the content would stay in the state."
  type        = string
  default     = ""
}

variable "storage_address" {
  description = "Where the other controllers fetch artifacts; may refer to the container's environment."
  type        = string
  default     = "source-controller.$(RUNTIME_NAMESPACE).svc.cluster.local."
}

variable "requeue_dependency" {
  description = "How soon Flux looks again at a Kustomization whose dependency was not ready; its own default is 30s."
  type        = string
  default     = "5s"
}

variable "node" {
  description = "The node executable that runs this module's scripts."
  type        = string
  default     = "node"
}

variable "timeout" {
  description = "Deadline of the CRDs, and then of both controllers: seconds or minutes, e.g. 90s."
  type        = string
  default     = "90s"

  validation {
    condition     = can(regex("^[0-9]+[sm]$", var.timeout))
    error_message = "`timeout` is written as 90s or 3m."
  }
}
