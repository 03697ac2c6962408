variable "name" {
  description = "Name of the cluster."
  type        = string
}

variable "vip" {
  description = "The address, shared by the control planes, at which the API server answers."
  type        = string
}

variable "machines" {
  description = "The machines by key: role (controlplane or worker), host name, address."
  type        = map(object({ role = string, name = string, address = string }))
}

variable "talos" {
  description = "Version of Talos that the image has, such as v1.13.0, and the installer image of its schematic, which upgrades it: with siderolabs/iscsi-tools and siderolabs/util-linux-tools for Longhorn, and siderolabs/qemu-guest-agent where `agent` is on."
  type        = object({ version = string, installer = string })
  validation {
    condition     = can(regex("^v1\\.(1[2-9]|[2-9][0-9])\\.[0-9]+", var.talos.version))
    error_message = "A version of Talos from v1.12.0 up, for the machines are configured by documents that older ones do not know."
  }
  validation {
    condition     = can(regex("^[^:@\\s]+(:[0-9]+)?/[^:@\\s]+[:@]\\S+$", var.talos.installer)) && !endswith(var.talos.installer, ":latest")
    error_message = "The installer is an image with its tag, such as factory.talos.dev/nocloud-installer/SCHEMATIC:v1.13.0."
  }
}

variable "kubernetes" {
  description = "Version of Kubernetes, such as 1.34.1."
  type        = string
  validation {
    condition     = can(regex("^1\\.[0-9]+\\.[0-9]+$", var.kubernetes))
    error_message = "A version such as 1.34.1, without a v."
  }
}

variable "longhorn" {
  description = "Whether Longhorn keeps its volumes on these machines. Talos mounts /var with noexec from 1.14 on, where its engines cannot run; then that is taken off."
  type        = bool
  default     = true
}

variable "registry_mirrors" {
  description = "Mirrors by registry, such as { \"ghcr.io\" = [\"https://mirror.example.org/ghcr\"] }. ghcr.io serves the anonymous 100 pulls in six hours."
  type        = map(list(string))
  default     = {}
}

variable "patches" {
  description = "More patches of the machines' configuration, in YAML, by role."
  type        = object({ controlplane = optional(list(string), []), worker = optional(list(string), []) })
  default     = {}
}

variable "timeouts" {
  description = "Seconds that a machine may take to take its configuration, etcd to be bootstrapped, and the API server to answer."
  type        = object({ apply = optional(number, 120), bootstrap = optional(number, 180), answer = optional(number, 180) })
  default     = {}
}
