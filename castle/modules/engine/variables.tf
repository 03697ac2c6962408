variable "cluster_id" {
  description = "Identity of the cluster: another one is applied to from the start."
  type        = string
}

variable "crds" {
  description = "Folder whose crds/external-secrets.yaml holds the CRDs of the pinned operator."
  type        = string
}

variable "kinds" {
  description = "The CRDs that are applied. The operator serves no others here: see its arguments."
  type        = list(string)
  default = [
    "externalsecrets.external-secrets.io",
    "clustersecretstores.external-secrets.io",
    "secretstores.external-secrets.io",
    # Served by a controller that cannot be turned off: without its CRD the operator ends after two minutes.
    "generatorstates.generators.external-secrets.io",
  ]
}

variable "image" {
  description = "The operator's image."
  type        = string
  default     = "ghcr.io/external-secrets/external-secrets:v0.20.4"
}

variable "node" {
  description = "The node executable that runs crds.mjs."
  type        = string
  default     = "node"
}

variable "timeout" {
  description = "How long each of the waits may take."
  type        = string
  default     = "90s"
}
