variable "cluster_id" {
  description = "Identity of the cluster: another one is applied to from the start."
  type        = string
}

variable "crds" {
  description = "Where the CRDs of the pinned operator are: a file of this machine, or a URL with the sha256 of what it gives."
  type        = list(object({ source = string, sha256 = optional(string) }))

  validation {
    condition     = alltrue([for crds in var.crds : !can(regex("^https?://", crds.source)) || can(regex("^[0-9a-f]{64}$", crds.sha256))])
    error_message = "A URL among `crds` has no sha256: what it gives today it need not give tomorrow."
  }
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

variable "pull_secret" {
  description = <<-EOT
    Name of a Secret (kubernetes.io/dockerconfigjson) in the namespace external-secrets that the operator's image is
    pulled with; a registry lets strangers pull only so often. Its name alone: the content would stay in the state. No
    ExternalSecret can bring this one, since its operator is what is pulled: make it from RAM, or better give the
    machines the registry's credentials, which serves every image. A Secret that is not there only costs a warning.
  EOT
  type        = string
  default     = ""
}

variable "node" {
  description = "The node executable that runs this module's scripts."
  type        = string
  default     = "node"
}

variable "timeout" {
  description = "Deadline of the CRDs, and then of the operator: seconds or minutes, e.g. 90s."
  type        = string
  default     = "90s"

  validation {
    condition     = can(regex("^[0-9]+[sm]$", var.timeout))
    error_message = "`timeout` is written as 90s or 3m."
  }
}
