variable "cluster_id" {
  description = "Identity of the cluster: another one is applied to from the start."
  type        = string
}

variable "addresses" {
  description = "What the load balancer may give out, each FIRST-LAST or a CIDR: addresses of the machines' own network that no DHCP gives and no machine has."
  type        = list(string)
  default     = ["192.0.2.10-192.0.2.20"]

  validation {
    condition     = length(var.addresses) > 0 && alltrue([for range in var.addresses : can(regex("^[0-9a-fA-F.:]+(-[0-9a-fA-F.:]+|/[0-9]+)$", range))])
    error_message = "`addresses` wants at least one FIRST-LAST or CIDR."
  }
}

variable "metallb" {
  description = "Where MetalLB's manifest is: a file of this machine, or a URL with the sha256 of what it gives. null, and no `crds`: no MetalLB, as in the box, which has no nodes."
  type        = object({ source = string, sha256 = optional(string) })
  default     = null

  validation {
    condition     = !can(regex("^https?://", var.metallb.source)) || can(regex("^[0-9a-f]{64}$", var.metallb.sha256))
    error_message = "The URL of `metallb` has no sha256: what it gives today it need not give tomorrow."
  }
}

variable "crds" {
  description = "Where MetalLB's CRDs are, for a castle whose addresses need nobody to announce them: its controller then runs alone, without speakers. For others, `metallb`."
  type        = list(object({ source = string, sha256 = optional(string) }))
  default     = []

  validation {
    condition     = alltrue([for crds in var.crds : !can(regex("^https?://", crds.source)) || can(regex("^[0-9a-f]{64}$", crds.sha256))])
    error_message = "A URL among `crds` has no sha256: what it gives today it need not give tomorrow."
  }
  validation {
    condition     = var.metallb == null || length(var.crds) == 0
    error_message = "Either `metallb`, whose manifest has the CRDs in it, or `crds`."
  }
}

variable "node" {
  description = "The node executable that runs this module's scripts."
  type        = string
  default     = "node"
}

variable "timeout" {
  description = "Deadline of everything from MetalLB's CRDs to the word of its webhook: seconds or minutes, e.g. 3m."
  type        = string
  default     = "3m"

  validation {
    condition     = can(regex("^[0-9]+[sm]$", var.timeout))
    error_message = "`timeout` is written as 90s or 3m."
  }
}
