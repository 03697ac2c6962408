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
  description = "Folders whose crds/ hold the CRDs of the pinned controllers."
  type        = list(string)
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

variable "timeout" {
  description = "How long each of the waits may take."
  type        = string
  default     = "90s"
}
