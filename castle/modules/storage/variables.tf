variable "cluster_id" {
  description = "Identity of the cluster: another one is applied to from the start."
  type        = string
}

variable "longhorn" {
  description = "Where Longhorn's manifest is: a file of this machine, or a URL with the sha256 of what it gives. null: no Longhorn, as in the box, which has no nodes."
  type        = object({ source = string, sha256 = optional(string) })
  default     = null

  validation {
    condition     = !can(regex("^https?://", var.longhorn.source)) || can(regex("^[0-9a-f]{64}$", var.longhorn.sha256))
    error_message = "The URL of `longhorn` has no sha256: what it gives today it need not give tomorrow."
  }
}

variable "volumes" {
  description = "Volumes that a node has mounted already, by name: the node, the folder in it, and the size. They are handed out by the StorageClass `castle`, whole, one to a claim; without Longhorn alone."
  type        = map(object({ node = string, path = string, size = string }))
  default     = {}

  validation {
    condition     = var.longhorn == null || length(var.volumes) == 0
    error_message = "Either `longhorn` or `volumes`."
  }
}

variable "nodes" {
  description = "How many nodes can hold a volume: the workers, and control planes only where they take workloads."
  type        = number
  default     = 1

  validation {
    condition     = var.nodes >= 1
    error_message = "`nodes` is at least 1."
  }
}

variable "replicas" {
  description = "Copies of a volume; null: one on each node, three at most."
  type        = number
  default     = null

  validation {
    condition     = var.replicas == null ? true : var.replicas >= 1 && var.replicas <= var.nodes
    error_message = "`replicas` is more than `nodes`, or less than 1: such a volume never becomes ready for workloads."
  }
}

variable "backup" {
  description = <<-EOT
    Where backups go: an S3 bucket (endpoint: of another S3 than AWS's, with its scheme; prefix: a folder in it, without
    slashes around), and how the cluster gets its keys: the ClusterSecretStore, and the names of the two keys there.
    Names alone. null: no backups.
  EOT
  type = object({
    bucket     = string
    region     = string
    endpoint   = optional(string, "")
    prefix     = optional(string, "")
    store      = string
    access_key = string
    secret_key = string
  })
  default = null

  validation {
    condition     = var.backup == null ? true : can(regex("^[a-z0-9][a-z0-9.-]+$", var.backup.bucket)) && can(regex("^[a-z0-9-]+$", var.backup.region)) && !can(regex("^/|/$", var.backup.prefix))
    error_message = "`backup` is no bucket, region and prefix that a backup target's URL can be made of; a prefix has no slash around it."
  }
}

variable "node" {
  description = "The node executable that runs this module's scripts."
  type        = string
  default     = "node"
}

variable "timeout" {
  description = "Deadline of everything from Longhorn's CRDs to the word of its webhook: seconds or minutes, e.g. 6m."
  type        = string
  default     = "6m"

  validation {
    condition     = can(regex("^[0-9]+[sm]$", var.timeout))
    error_message = "`timeout` is written as 90s or 3m."
  }
}
